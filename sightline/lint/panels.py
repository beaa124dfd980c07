"""Rules on what a panel says about itself, and where it stands."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from sightline.lint import board
from sightline.lint.board import Board, Json
from sightline.lint.finding import Rule

Found = Iterator[tuple[str, str]]

NUMERIC: Final = frozenset(
    {"stat", "gauge", "bargauge", "barchart", "piechart", "timeseries", "graph", "heatmap"}
    | {"histogram", "state-timeline", "status-history", "table", "singlestat", "trend"}
)
"""Panels that show numbers, which mean nothing without a unit. dashboard-linter knows six."""

WITHOUT_DATA: Final = frozenset({"text", "dashlist", "alertlist", "news", "annolist", "welcome"})

COLUMNS: Final = 24


def source(dashboard: Board) -> Found:
    """A panel asks the data source that the reader chose."""
    names = {f"${variable.get('name')}" for variable in dashboard.sources()}
    names |= {f"${{{variable.get('name')}}}" for variable in dashboard.sources()}
    for panel in dashboard.panels():
        if panel.get("type") not in WITHOUT_DATA and board.source(panel) not in names:
            found = board.source(panel) or "none"
            yield board.place(panel), f"data source {found}: expected the data source variable"


def words(dashboard: Board) -> Found:
    """A panel says what it shows, and what a bad picture looks like."""
    for panel in dashboard.panels():
        missing = [key for key in ("title", "description") if not panel.get(key)]
        if missing:
            yield board.place(panel), f"no {' and no '.join(missing)}: expected one"


def unit(dashboard: Board) -> Found:
    """Numbers have a unit; empty value mappings, which every export has, do not excuse from it."""
    for panel in dashboard.panels():
        if panel.get("type") in NUMERIC and not _units(panel) and not _only_words(panel):
            yield board.place(panel), "no unit: expected one, `none` where there is none"


def _units(panel: Json) -> list[str]:
    config = panel.get("fieldConfig", {})
    overridden = [
        item.get("value")
        for override in config.get("overrides", [])
        for item in override.get("properties", [])
        if item.get("id") == "unit"
    ]
    return [unit for unit in (config.get("defaults", {}).get("unit"), *overridden) if unit]


def _only_words(panel: Json) -> bool:
    return bool(panel.get("fieldConfig", {}).get("defaults", {}).get("mappings"))


def targets(dashboard: Board) -> Found:
    """A panel asks something."""
    for panel in dashboard.panels():
        if panel.get("type") not in WITHOUT_DATA and not panel.get("targets"):
            yield board.place(panel), "no query: expected one"


def numbers(dashboard: Board) -> Found:
    """Panel ids are unique: links, alerts and Grafana's own state name panels by them."""
    counted = Counter(panel.get("id") for panel in dashboard.everything())
    for number, times in counted.items():
        if times > 1:
            yield "", f"panel id {number} stands {times} times: expected once"


def grid(dashboard: Board) -> Found:
    """Panels stay on the grid and do not cover each other."""
    placed = [panel for panel in dashboard.json.get("panels", []) if "gridPos" in panel]
    for panel in placed:
        at = panel["gridPos"]
        if at["x"] + at["w"] > COLUMNS:
            yield board.place(panel), f"ends in column {at['x'] + at['w']}: the grid has {COLUMNS}"
    for one, other in combinations(placed, 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield board.place(one), f"covers {board.place(other)}"


def _overlap(one: Json, other: Json) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or above)


RULES: Final = (
    Rule(name="panel-datasource-rule", check=source),
    Rule(name="panel-title-description-rule", check=words),
    Rule(name="panel-units-rule", check=unit),
    Rule(name="panel-no-targets-rule", check=targets),
    Rule(name="sightline-panel-ids", check=numbers),
    Rule(name="sightline-grid", check=grid),
)
