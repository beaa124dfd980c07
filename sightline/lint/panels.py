"""Rules on panels: title, unit, queries, position."""

from collections import Counter
from itertools import combinations
from typing import Final

from sightline.grafana.dashboard import GRID_COLUMNS, Grid, Panel
from sightline.lint.board import Board, place
from sightline.lint.finding import Found, Rule

NUMERIC: Final = frozenset(
    {"stat", "gauge", "bargauge", "barchart", "piechart", "timeseries", "graph", "heatmap"}
    | {"histogram", "state-timeline", "status-history", "table", "singlestat", "trend"}
)
"""Panel types whose numbers need a unit. dashboard-linter knows six of them."""

WITHOUT_DATA: Final = frozenset({"text", "dashlist", "alertlist", "news", "annolist", "welcome"})


def source(board: Board) -> Found:
    """Require that panels query the selected data source."""
    names = {variable.name for variable in board.dashboard.source_variables()}
    for panel in board.panels():
        if panel.type not in WITHOUT_DATA and panel.source.variable not in names:
            found = panel.source.uid or "none"
            yield place(panel), f"data source {found}: expected the data source variable"


def words(board: Board) -> Found:
    """Require a title, and a description of what a bad picture looks like."""
    for panel in board.panels():
        given = {"title": panel.title, "description": panel.description}
        missing = [key for key, value in given.items() if not value]
        if missing:
            yield place(panel), f"no {' and no '.join(missing)}: expected one"


def unit(board: Board) -> Found:
    """Require a unit for numbers, except where value mappings replace them."""
    for panel in board.panels():
        mapped = panel.defaults.get("mappings")
        if panel.type in NUMERIC and not _has_unit(panel) and not mapped:
            yield place(panel), "no unit: expected one, `none` for a plain number"


def _has_unit(panel: Panel) -> bool:
    overridden = [override.properties.get("unit") for override in panel.overrides]
    return any((panel.defaults.get("unit"), *overridden))


def targets(board: Board) -> Found:
    """Require a query."""
    for panel in board.panels():
        if panel.type not in WITHOUT_DATA and not panel.targets:
            yield place(panel), "no query: expected one"


def numbers(board: Board) -> Found:
    """Require unique panel ids, because links, alerts and Grafana refer to them."""
    counted = Counter(panel.id for panel in board.dashboard.rows_and_panels())
    for number, times in counted.items():
        if times > 1:
            yield "", f"panel id {number or 'missing'} is used {times} times: expected once"


def grid(board: Board) -> Found:
    """Require panels to stay inside the grid and not to overlap."""
    placed = [panel for panel in board.dashboard.panels if panel.placed]
    for panel in placed:
        end = panel.grid.x + panel.grid.w
        if end > GRID_COLUMNS:
            yield place(panel), f"ends in column {end}: the grid has {GRID_COLUMNS}"
    for one, other in combinations(placed, 2):
        if _overlap(one.grid, other.grid):
            yield place(one), f"overlaps {place(other)}"


def _overlap(one: Grid, other: Grid) -> bool:
    beside = one.x + one.w <= other.x or other.x + other.w <= one.x
    above = one.y + one.h <= other.y or other.y + other.h <= one.y
    return not (beside or above)


RULES: Final = (
    Rule(name="panel-datasource-rule", check=source),
    Rule(name="panel-title-description-rule", check=words, single=True),
    Rule(name="panel-units-rule", check=unit, single=True),
    Rule(name="panel-no-targets-rule", check=targets, single=True),
    Rule(name="sightline-panel-ids", check=numbers),
    Rule(name="sightline-grid", check=grid),
)
