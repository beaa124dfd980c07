"""Rules on the size of panels, in windows of 1,200 and 1,440 pixels with the docked side menu."""

from collections.abc import Container
from typing import Final

from sightline.grafana import layout
from sightline.grafana.dashboard import Panel
from sightline.grafana.values import items, number, obj, text, texts
from sightline.lint.board import Board, place
from sightline.lint.finding import Found, Rule

_STAT_COLUMNS: Final = 4
_STATES: Final = ("state-timeline", "status-history")

_TRACE_COLUMNS: Final = ("traceID", "traceName", "startTime", "duration")
"""Columns of a trace search of the Jaeger data source."""


def stats(board: Board) -> Found:
    """Require stats of at least four columns."""
    for panel in _panels(board, "stat"):
        if panel.grid.w < _STAT_COLUMNS:
            yield place(panel), f"{panel.grid.w} columns hide the title: expected at least 4"


def titles(board: Board) -> Found:
    """Require titles that fit beside the icons and the menu."""
    for panel in board.dashboard.every_panel():
        if panel.placed:
            needed, given = layout.title_pixels(panel.title), title_space(panel, layout.WINDOWS[0])
            remedy = "expected a shorter title or a wider panel"
            yield from _overflow(panel, "title needs", needed, given, remedy)


def title_space(panel: Panel, window: int) -> float:
    """Return the width that *panel* has for its title."""
    icons = bool(panel.description) + bool(panel.links)
    return layout.title_space(layout.panel_pixels(panel.grid.w, window), icons=icons)


def legends(board: Board) -> Found:
    """Require legends whose columns fit; Grafana hides the last ones behind a scrollbar."""
    for panel in _panels(board, "timeseries"):
        needed, given = legend_pixels(panel), layout.panel_pixels(panel.grid.w)
        remedy = "expected shorter names, fewer columns or a wider panel"
        yield from _overflow(panel, "legend needs", needed, given, remedy)


def legend_pixels(panel: Panel) -> float:
    """Return the width of the legend, 0 if it is no table below the panel."""
    columns = texts(panel.option("legend", "calcs"))
    below = panel.option("legend", "placement", default="bottom") == "bottom"
    if panel.option("legend", "displayMode") != "table" or not below or not columns:
        return 0.0
    return max(
        layout.legend_pixels(name, len(columns), panel.config.unit) for name in _names(panel)
    )


def state_names(board: Board) -> Found:
    """Require names that fit beside the bands of a state timeline; Grafana cuts their beginning."""
    for panel in (one for kind in _STATES for one in _panels(board, kind)):
        needed, given = state_name_pixels(panel), state_name_space(panel, layout.WINDOWS[0])
        remedy = "expected shorter names, a wider panel or custom.axisWidth"
        yield from _overflow(panel, "names need", needed, given, remedy)


def state_name_pixels(panel: Panel) -> float:
    """Return the width of the longest name beside the bands, 0 if names are hidden."""
    if obj(panel.defaults.get("custom")).get("axisPlacement") == "hidden":
        return 0.0
    return max(map(layout.name_pixels, _names(panel)))


def state_name_space(panel: Panel, window: int) -> float:
    """Return the width that a state timeline has for the names of its series."""
    axis_width = number(obj(panel.defaults.get("custom")).get("axisWidth"), 0.0)
    return layout.state_name_space(layout.content_pixels(panel.grid.w, window), axis_width)


def tables(board: Board) -> Found:
    """Require tables without columns out of sight."""
    for panel in _panels(board, "table"):
        given = layout.content_pixels(panel.grid.w)
        remedy = "set custom.minWidth, custom.width for wide columns, or a wider panel"
        yield from _overflow(panel, "columns need", table_pixels(panel, given), given, remedy)


def headings(board: Board) -> Found:
    """Require headings that fit in their columns; Grafana ends a long one with an ellipsis."""
    for panel in _panels(board, "table"):
        given = layout.content_pixels(panel.grid.w, layout.WINDOWS[1])
        for column, width in widths(panel, given).items():
            needed = heading_pixels(panel, column)
            remedy = "set custom.wrapHeaderText or custom.width, or a shorter heading"
            subject = f"heading {column} needs"
            yield from _overflow(panel, subject, needed, width, remedy, window=layout.WINDOWS[1])


def _overflow(  # noqa: PLR0913, PLR0917  each is a part of the message
    panel: Panel,
    subject: str,
    needed: float,
    given: float,
    remedy: str,
    window: int = layout.WINDOWS[0],
) -> Found:
    if needed > given + 1:
        size = f"{needed:.0f} of {given:.0f} pixels at a window of {window}"
        yield place(panel), f"{subject} {size}: {remedy}"


def _names(panel: Panel) -> list[str]:
    """Return the names of the series as the file tells them, at least one."""
    return [text(target.raw.get("legendFormat")) for target in panel.targets] or [""]


def _panels(board: Board, kind: str) -> list[Panel]:
    return [one for one in board.panels() if one.type == kind and one.placed]


def columns(panel: Panel) -> list[str]:
    """Return the titles of the columns that the file tells."""
    if any(target.raw.get("queryType") == "search" for target in panel.targets):
        return list(_TRACE_COLUMNS)
    for step in panel.transformations:
        if step.id == "organize":
            hidden = {
                name
                for name, is_hidden in obj(step.options.get("excludeByName")).items()
                if is_hidden
            }
            titles = obj(step.options.get("renameByName"))
            order = obj(step.options.get("indexByName")) or titles
            return [str(titles.get(name) or name) for name in order if name not in hidden]
    return []


def table_pixels(panel: Panel, given: float) -> float:
    """Return the width of the columns that the file tells, in a table with *given* pixels."""
    return sum(widths(panel, given).values())


def widths(panel: Panel, given: float, *, hidden: Container[str] = ()) -> dict[str, float]:
    """Return the width of each column that the file tells, in a table with *given* pixels.

    Args:
        panel: Table.
        given: Width inside the table.
        hidden: Titles of columns that the data does not have.
    """
    shown = [one for one in columns(panel) if one not in hidden]
    sizes = layout.column_widths([_size(panel, one) for one in shown], given)
    return dict(zip(shown, sizes, strict=True))


def heading_pixels(panel: Panel, title: str) -> float:
    """Return the width of a column in which its heading is whole."""
    sorting = [obj(one).get("displayName") for one in items(panel.option("sortBy"))]
    return layout.heading_pixels(
        title, wrapped=bool(_setting(panel, title, "wrapHeaderText")), sorts=title in sorting
    )


def _size(panel: Panel, title: str) -> layout.Column:
    return layout.Column(
        width=number(_setting(panel, title, "width"), 0.0),
        minimum=number(_setting(panel, title, "minWidth"), layout.DEFAULT_COLUMN_PIXELS),
    )


def _setting(panel: Panel, title: str, name: str) -> object:
    """Return a setting of the column *title*: that of its last override, or the default."""
    found = obj(panel.defaults.get("custom")).get(name)
    for override in panel.overrides:
        if override.options == title:
            found = override.properties.get(f"custom.{name}", found)
    return found


RULES: Final = (
    Rule(name="sightline-stat-size", check=stats),
    Rule(name="sightline-title-width", check=titles),
    Rule(name="sightline-legend-width", check=legends),
    Rule(name="sightline-state-names", check=state_names),
    Rule(name="sightline-table-width", check=tables),
    Rule(name="sightline-heading-width", check=headings),
)
