"""Table panels: cells with units, colors, bars, sparklines and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sightline.grafana.frame import Field, Frame
from sightline.grafana.transformations.shapes import Trend, sort_by
from sightline.grafana.values import obj
from sightline.viewer.panels.singles import position, sparkline_paths
from sightline.viewer.panels.view import View, no_data
from sightline.viewer.sources.panel_data import PanelData
from sightline.viewer.values import colors
from sightline.viewer.values.fields import DisplayValue, display
from sightline.viewer.values.links import Href, value_links
from sightline.viewer.values.times import local_seconds

MAX_ROWS: Final = 500
"""Maximum number of displayed rows; the table ends with the number of the others."""


DEFAULT_WIDTH: Final = 150
"""Minimum width of a column without a setting. Source: ``COLUMN.MIN_WIDTH`` of @grafana/ui."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Value of a field in one row, ready for the template."""

    text: str
    order: float | str
    """Value by which the browser sorts the column."""
    look: str
    """``plain``, ``text``, ``background``, ``bar`` or ``spark``."""
    color: str
    percent: float = 0.0
    spark: Mapping[str, str] | None = None
    links: Sequence[Href] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Heading of a column."""

    title: str
    description: str
    align: str
    width: int
    """Minimum width in pixels; a table wider than its panel has a scrollbar."""


def draw(data: PanelData) -> View:
    """Draw the first frame with rows, or else the headings of one without, as Grafana does."""
    columned = [one for one in data.frames if one.fields]
    frame = next((one for one in columned if one.length), next(iter(columned), None))
    if frame is None:
        return no_data(data.panel)
    frame = frame.with_fields(field for field in frame.fields if not _is_hidden(field))
    frame = _sort(data, frame)
    rows = range(min(frame.length, MAX_ROWS))
    context = {
        "heads": [_head(field) for field in frame.fields],
        "rows": [_row(data, frame, row) for row in rows],
        "more": frame.length - len(rows),
        "headed": data.panel.option("showHeader", default=True),
    }
    return View(template="table", context=context)


def _sort(data: PanelData, frame: Frame) -> Frame:
    rule = next(iter(data.panel.option("sortBy", default=[])), None)
    if rule is None:
        return frame
    order = {"field": rule.get("displayName"), "desc": rule.get("desc")}
    return sort_by([frame], {"sort": [order]})[0]


def _is_hidden(field: Field) -> bool:
    custom = field.config.custom
    return bool(custom.get("hidden") or (custom.get("hideFrom") or {}).get("viz"))


def _head(field: Field) -> Head:
    return Head(
        title=field.title,
        description=field.config.description,
        align=_align(field),
        width=_width(field.config.custom),
    )


def _width(custom: Mapping[str, Any]) -> int:
    chosen = custom.get("width") or custom.get("minWidth")
    return chosen if isinstance(chosen, int) else DEFAULT_WIDTH


def _align(field: Field) -> str:
    chosen = field.config.custom.get("align") or "auto"
    if chosen != "auto":
        return str(chosen)
    return "right" if field.type == "number" else "left"


def _row(data: PanelData, frame: Frame, row: int) -> list[Cell]:
    """Return the cells of a row, in the color of the field that fills the row, if any."""
    cells = [_cell(data, frame, field, row) for field in frame.fields]
    filling = [
        cell.color
        for cell, field in zip(cells, frame.fields, strict=True)
        if cell.look == "background"
        and obj(field.config.custom.get("cellOptions")).get("applyToRow")
    ]
    if not filling or filling[0] == _TRANSPARENT:
        return [replace(cell, look="plain") if cell.color in filling else cell for cell in cells]
    return [replace(cell, look="background", color=filling[0]) for cell in cells]


_TRANSPARENT: Final = colors.css_color("transparent")


def _cell(data: PanelData, frame: Frame, field: Field, row: int) -> Cell:
    value = field.values[row]
    trend = value if isinstance(value, Trend) else None
    number = trend.value if trend else value
    text = _text(data, field, number)
    look = _look(field, trend)
    return Cell(
        text=str(text),
        order=number if isinstance(number, int | float) else str(number or ""),
        look="plain" if text.empty and look not in _EMPTY_LOOKS else look,
        color=text.color,
        percent=100 * position(number, field, top=_maximum(field)) if look == "bar" else 0.0,
        spark=sparkline_paths(trend.values) if trend else None,
        links=value_links(data.scope, field, number, str(text), row=row, frame=frame),
    )


def _text(data: PanelData, field: Field, value: Any) -> DisplayValue:
    if field.type == "time" and value is not None and field.config.unit != "dateTimeFromNow":
        return DisplayValue(text=local_seconds(value, data.zone), color=colors.css_color("text"))
    return display(value, field)


_LOOKS: Final = {
    "color-text": "text",
    "color-background": "background",
    "gauge": "bar",
    "sparkline_paths": "spark",
}


_EMPTY_LOOKS: Final = frozenset({"bar", "spark"})
"""Looks that Grafana draws for an empty cell, too."""


def _look(field: Field, trend: Trend | None) -> str:
    kind = (field.config.custom.get("cellOptions") or {}).get("type", "auto")
    return "spark" if trend else _LOOKS.get(kind, "plain")


def _maximum(field: Field) -> float:
    return max((value for value in field.values if isinstance(value, int | float)), default=1.0)
