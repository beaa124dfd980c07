"""A dashboard: rows of lines of panels, placed on Grafana's grid."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, pairwise
from typing import Final

from sightline.grafana.dashboard import GRID_COLUMNS
from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.targets import PROMETHEUS, letter
from sightline.mixin.grafana.variables import Variable
from sightline.mixin.grafana.vocabulary import Color, Json

SCHEMA_VERSION: Final = 41
"""Schema version of Grafana 12; newer versions migrate it when they load it."""

MIN_INTERVAL: Final = "10s"
"""Minimum step of a panel, because shorter steps make curves of a few requests jump."""

Line = tuple[Panel, ...]
"""Panels beside each other, as high as the highest of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A titled group of lines; a folded row sends no query until it is opened."""

    title: str
    lines: tuple[Line, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A query whose results are marked on every panel."""

    name: str
    expr: str
    color: Color
    title: str
    text: str = ""

    def json(self) -> Json:
        """Return Grafana's ``AnnotationQuery``, with the keys of the Prometheus data source."""
        return {
            "name": self.name,
            "datasource": PROMETHEUS,
            "enable": True,
            "hide": False,
            "iconColor": self.color,
            "expr": self.expr.strip(),
            "step": MIN_INTERVAL,
            "titleFormat": self.title,
            "textFormat": self.text,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A question and the panels that answer it."""

    uid: str
    """Path component of its URL, ``/d/<uid>``, and its file name."""
    title: str
    description: str
    """The question."""
    tags: tuple[str, ...]
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...]
    links: tuple[Json, ...]
    rows: tuple[Row, ...]

    def json(self) -> Json:
        """Return the dashboard without an id, which belongs to one Grafana's database."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "10s",
            "timezone": "browser",
            "time": {"from": "now-15m", "to": "now"},
            "timepicker": {},
            "annotations": {"list": [annotation.json() for annotation in self.annotations]},
            "links": list(self.links),
            "templating": {"list": [variable.json() for variable in self.variables]},
            "panels": list(place_rows(self.rows)),
        }

    def text(self) -> str:
        """Return the content of the file."""
        return json.dumps(self.json(), indent=2, ensure_ascii=False) + "\n"


def widths(spans: Sequence[int]) -> list[int]:
    """Divide the grid into whole columns in proportion to *spans*."""
    whole = sum(spans)
    edges = [round(GRID_COLUMNS * edge / whole) for edge in accumulate(spans, initial=0)]
    return [right - left for left, right in pairwise(edges)]


def place_rows(rows: Sequence[Row]) -> Iterator[Json]:
    """Yield every row and panel with its id and position, top to bottom."""
    numbers = count(1)
    top = 0
    for row in rows:
        number = next(numbers)
        panels = list(_lines(row.lines, top=top + 1, numbers=numbers))
        height = 1 if row.folded else 1 + sum(map(_height, row.lines))
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": row.folded,
            "gridPos": {"x": 0, "y": top, "w": GRID_COLUMNS, "h": 1},
            "panels": panels if row.folded else [],
        }
        yield from () if row.folded else panels
        top += height


def _height(line: Line) -> int:
    return max(panel.height for panel in line)


def _lines(lines: Sequence[Line], *, top: int, numbers: Iterator[int]) -> Iterator[Json]:
    for line in lines:
        height = _height(line)
        shares = widths([panel.span for panel in line])
        lefts = accumulate(shares, initial=0)
        for panel, left, width in zip(line, lefts, shares, strict=False):
            grid = {"x": left, "y": top, "w": width, "h": height}
            yield panel_json(panel, number=next(numbers), grid=grid)
        top += height


def panel_json(panel: Panel, *, number: int, grid: dict[str, int]) -> Json:
    """Return Grafana's ``Panel`` with its position."""
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": grid,
        "datasource": panel.datasource,
        "interval": MIN_INTERVAL,
        **panel.body(),
        "targets": [target.json(letter(index)) for index, target in enumerate(panel.targets())],
    }
