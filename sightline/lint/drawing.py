"""Rules on what Grafana draws, other than a reader of the file expects.

Source: behavior of Grafana 12.4.
"""

from collections.abc import Iterator
from typing import Final

from promql_parser import AggregateExpr, BinaryExpr, Expr

from sightline.grafana.dashboard import JAEGER, Panel
from sightline.grafana.references import references
from sightline.grafana.values import items, obj, text
from sightline.lint import promql
from sightline.lint.board import Board, place
from sightline.lint.finding import Found, Rule

_STATES: Final = frozenset({"state-timeline", "status-history"})
_ALERTS: Final = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_PARTITION: Final = "partitionByValues"
_HASHED: Final = "palette-classic-by-name"


def annotations(board: Board) -> Found:
    """Require few regions for alerts; Grafana paints those of all series over each other."""
    for annotation in board.dashboard.annotations:
        try:
            tree = promql.tree(annotation.expr)
        except ValueError:
            continue
        for selector, above in promql.selectors(tree):
            if promql.metric(selector) in _ALERTS and _keeps_alerts(above):
                yield (
                    f"annotation {annotation.name}",
                    "a region per alert, painted over each other: aggregate by severity",
                )


def _keeps_alerts(above: promql.Path) -> bool:
    grouped = [node for node in above if isinstance(node, AggregateExpr)]
    if not grouped:
        return True
    modifier = grouped[0].modifier
    if modifier is None:
        return False
    by = str(modifier.type).endswith("By")
    return ("alertname" in modifier.labels) == by


def gaps(board: Board) -> Found:
    """Reject annotations that mark the end of a gap, as ``x unless x offset 1m`` does.

    An outage that is longer than the offset looks like a deploy when it ends.
    """
    for annotation in board.dashboard.annotations:
        try:
            tree = promql.tree(annotation.expr)
        except ValueError:
            continue
        for name in sorted(set(_compared_with_past(tree))):
            message = (
                f"{name} after a gap is marked, too: compare with last_over_time(), or add `and` "
                "with what was there before"
            )
            yield f"annotation {annotation.name}", message


def _compared_with_past(tree: Expr) -> Iterator[str]:
    """Yield metrics that `unless` compares with themselves at one earlier time."""
    for node, above in promql.nodes(tree):
        if isinstance(node, BinaryExpr) and str(node.op) == "unless" and not _is_limited(above):
            names = {promql.metric(selector) for selector, _ in promql.selectors(node.lhs)}
            for selector, inside in promql.selectors(node.rhs):
                over_time = any(one.endswith("_over_time") for one in promql.functions(inside))
                if selector.offset and not over_time and promql.metric(selector) in names:
                    yield promql.metric(selector) or "a series"


def _is_limited(above: promql.Path) -> bool:
    return any(isinstance(node, BinaryExpr) and str(node.op) == "and" for node in above)


def states(board: Board) -> Found:
    """Require thresholds with the colors of the mappings; Grafana ignores those of mappings."""
    for panel in _kinds(board, _STATES):
        if obj(panel.defaults.get("color")).get("mode") != "thresholds":
            continue
        for value, color in _mapped_colors(panel):
            drawn = _threshold_color(panel, value)
            if drawn != color:
                message = (
                    f"value {value:g} is drawn {drawn} by its threshold, not {color} by its "
                    "mapping: use the same color"
                )
                yield place(panel), message


def empty_states(board: Board) -> Found:
    """Reject ``noValue`` of state timelines; Grafana reports an error for an empty result."""
    for panel in _kinds(board, _STATES):
        if panel.defaults.get("noValue"):
            yield place(panel), "noValue is never shown: return a series for the calm state"


def empty_heatmaps(board: Board) -> Found:
    """Reject ``noValue`` of heatmaps, an option that Grafana drops for them."""
    for panel in _kinds(board, frozenset({"heatmap"})):
        if panel.defaults.get("noValue"):
            yield place(panel), "noValue is never shown: Grafana writes No data"


def empty_tables(board: Board) -> Found:
    """Require that a table without rows is dropped; Grafana shows its headings, not ``noValue``."""
    for panel in _kinds(board, frozenset({"table"})):
        words = text(panel.defaults.get("noValue"))
        dropped = any(step.id == _PARTITION for step in panel.transformations)
        if words and not dropped and _keeps_headings(panel, words):
            message = (
                "noValue is not shown instead of a table without rows: drop the table with "
                f"the transformation {_PARTITION}, by a field with the same value in all rows"
            )
            yield place(panel), message


def _keeps_headings(panel: Panel, words: str) -> bool:
    """Return true if an empty result has columns: of a search in Jaeger, or of several queries.

    *words* without a space may be meant for the empty cells of several queries.
    """
    sent = [one for one in panel.targets if not one.hidden]
    searches = [one for one in sent if one.source.type == JAEGER and one.raw.get("queryType")]
    tables = [one for one in sent if one.raw.get("format") == "table"]
    return bool(searches) or (len(tables) > 1 and " " in words.strip())


def palette(board: Board) -> Found:
    """Reject colors hashed from names; a healthy series may be red."""
    for panel in board.panels():
        overridden = [one.properties.get("color") for one in panel.overrides]
        modes = [panel.defaults.get("color"), *overridden]
        if any(obj(mode).get("mode") == _HASHED for mode in modes):
            yield (
                place(panel),
                f"{_HASHED} draws healthy series red: use fixed colors or palette-classic",
            )


def required(board: Board) -> Found:
    """Require a value for the trace id of a panel that is queried when the page opens."""
    empty = {
        variable.name
        for variable in board.dashboard.variables
        if variable.kind == "textbox" and not any(variable.default) and not variable.query
    }
    collapsed = {
        inner.id for row in board.dashboard.panels if row.collapsed for inner in row.panels
    }
    for query in board.queries():
        if "jaeger" not in query.target.source.type or query.target.raw.get("queryType"):
            continue
        names = {one.name for one in references(text(query.target.raw.get("query")))}
        if names & empty and query.panel.id not in collapsed:
            message = (
                f"queries the empty variable {', '.join(sorted(names & empty))}: "
                "put the panel into a collapsed row"
            )
            yield query.place, message


def one_service(board: Board) -> Found:
    """Require a single value where the Jaeger data source searches in one service."""
    several = {one.name for one in board.dashboard.variables if one.multi or one.include_all}
    for query in board.queries():
        if "jaeger" not in query.target.source.type:
            continue
        names = {one.name for one in references(text(query.target.raw.get("service")))}
        if names & several:
            message = (
                f"Jaeger searches in one service, {', '.join(sorted(names & several))} may have "
                "several values: set multi and includeAll to false"
            )
            yield query.place, message


def _kinds(board: Board, kinds: frozenset[str]) -> Iterator[Panel]:
    return (panel for panel in board.panels() if panel.type in kinds)


def _mapped_colors(panel: Panel) -> Iterator[tuple[float, str]]:
    for mapping in items(panel.defaults.get("mappings")):
        options = obj(mapping.get("options")) if mapping.get("type") == "value" else {}
        for value, shown in options.items():
            color = text(obj(shown).get("color"))
            number = _number(str(value))
            if color and number is not None:
                yield number, color


def _threshold_color(panel: Panel, value: float) -> str:
    reached = [step for step in panel.config.steps if step.value is None or value >= step.value]
    return reached[-1].color if reached else ""


def _number(text_of_number: str) -> float | None:
    try:
        return float(text_of_number)
    except ValueError:
        return None


RULES: Final = (
    Rule(name="sightline-annotation-series", check=annotations),
    Rule(name="sightline-annotation-gap", check=gaps),
    Rule(name="sightline-state-colors", check=states, single=True),
    Rule(name="sightline-empty-states", check=empty_states, single=True),
    Rule(name="sightline-empty-heatmap", check=empty_heatmaps, single=True),
    Rule(name="sightline-empty-table", check=empty_tables, single=True),
    Rule(name="sightline-palette", check=palette, single=True),
    Rule(name="sightline-required-variable", check=required),
    Rule(name="sightline-one-service", check=one_service),
)
