"""Dashboard model: rows of panels, placed on Grafana's grid."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from sightline.grafana.dashboard import GRID_COLUMNS
from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.schema import Color, Json
from sightline.mixin.grafana.targets import PROMETHEUS, ref_id
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.grafana.variables import Variable

SCHEMA_VERSION: Final = 41
"""Schema version of Grafana 12; newer versions migrate it when they load it."""

MAX_PANEL_ID: Final = 2**31 - 1
"""Largest id that fits 32 bits with a sign; ``id`` of @grafana/schema's ``Panel`` is a uint32."""

ANNOTATION_STEP: Final = "15s"
"""Minimum step of annotation queries."""

Line = tuple[Panel, ...]
"""Panels beside each other. All have the height of the highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Titled group of lines. Grafana sends no query for a collapsed row."""

    title: str
    lines: tuple[Line, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Query whose results are marked on every time series panel."""

    name: str
    expr: str
    color: Color
    title: str
    text: str = ""
    toggle: bool = True
    """Show a switch at the top of the dashboard."""

    def json(self) -> Json:
        """Return Grafana's ``AnnotationQuery`` for a Prometheus data source."""
        return {
            "name": self.name,
            "datasource": PROMETHEUS,
            "enable": True,
            "hide": not self.toggle,
            "iconColor": self.color,
            "expr": self.expr.strip(),
            "step": ANNOTATION_STEP,
            "titleFormat": self.title,
            "textFormat": self.text,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Dashboard: a question, and panels that answer it."""

    uid: str
    """Path component of the URL ``/d/<uid>``, and the file name."""
    title: str
    description: str
    """The question."""
    tags: tuple[str, ...]
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...]
    links: tuple[Json, ...]
    rows: tuple[Row, ...]
    time_range: str = "15m"
    """Time until now that a new page shows."""
    refresh: str = "30s"
    """Interval at which the browser repeats the queries: at least the usual scrape interval."""

    def json(self) -> Json:
        """Return the dashboard without ``id``, which each Grafana assigns itself.

        Raises:
            ValueError: Two panels have the same id. The message names both.
        """
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": self.refresh,
            "timezone": "browser",
            "time": {"from": f"now-{self.time_range}", "to": "now"},
            "timepicker": {},
            "annotations": {"list": [annotation.json() for annotation in self.annotations]},
            "links": list(self.links),
            "templating": {"list": [variable.json() for variable in self.variables]},
            "panels": list(place_rows(self.uid, self.rows)),
        }

    def text(self) -> str:
        """Return the content of the file."""
        return json.dumps(self.json(), indent=2, ensure_ascii=False) + "\n"


def divide_grid(widths: Sequence[int]) -> list[int]:
    """Divide the columns of the grid in proportion to *widths*."""
    whole = sum(widths)
    edges = [round(GRID_COLUMNS * edge / whole) for edge in accumulate(widths, initial=0)]
    return [right - left for left, right in pairwise(edges)]


def panel_id(uid: str, row: str, title: str = "") -> int:
    """Return the id of a panel, or the id of the row if *title* is empty.

    The id depends on nothing else, so ``?viewPanel=`` links stay valid while other panels change.
    It lies between 1 and `MAX_PANEL_ID`.
    """
    digest = hashlib.sha256(f"{uid}\0{row}\0{title}".encode()).digest()
    return int.from_bytes(digest[:8]) % MAX_PANEL_ID + 1


def require_unique_ids(uid: str, rows: Sequence[Row]) -> None:
    """Check that no two rows or panels have the same id.

    Raises:
        ValueError: Names the first two that do.
    """
    seen: dict[int, str] = {}
    for row in rows:
        for title in ("", *(panel.title for line in row.lines for panel in line)):
            name = f'panel "{title}" of row "{row.title}"' if title else f'row "{row.title}"'
            number = panel_id(uid, row.title, title)
            if number in seen:
                raise ValueError(
                    f"dashboard {uid!r}: {seen[number]} and {name} have the same id {number}: "
                    "expected different titles"
                )
            seen[number] = name


def place_rows(uid: str, rows: Sequence[Row]) -> Iterator[Json]:
    """Yield every row and panel of dashboard *uid* from top to bottom.

    Raises:
        ValueError: Two panels have the same id. The message names both.
    """
    require_unique_ids(uid, rows)
    top = 0
    for row in rows:
        panels = list(_panels(uid, row, top=top + 1))
        height = 1 if row.collapsed else 1 + sum(map(_height, row.lines))
        yield {
            "id": panel_id(uid, row.title),
            "type": "row",
            "title": row.title,
            "collapsed": row.collapsed,
            "gridPos": {"x": 0, "y": top, "w": GRID_COLUMNS, "h": 1},
            "panels": panels if row.collapsed else [],
        }
        yield from () if row.collapsed else panels
        top += height


def _height(line: Line) -> int:
    return max(panel.height for panel in line)


def _panels(uid: str, row: Row, *, top: int) -> Iterator[Json]:
    for line in row.lines:
        height = _height(line)
        widths = divide_grid([panel.relative_width for panel in line])
        lefts = accumulate(widths, initial=0)
        for panel, left, width in zip(line, lefts, widths, strict=False):
            grid = {"x": left, "y": top, "w": width, "h": height}
            number = panel_id(uid, row.title, panel.title)
            fitted = panel.fitted(width) if isinstance(panel, TimeSeries) else panel
            yield panel_json(fitted, number=number, grid=grid)
        top += height


def panel_json(panel: Panel, *, number: int, grid: dict[str, int]) -> Json:
    """Return Grafana's ``Panel`` with its id and position."""
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": grid,
        "datasource": panel.datasource,
        **panel.body(),
        "targets": [target.json(ref_id(index)) for index, target in enumerate(panel.targets())],
    }
