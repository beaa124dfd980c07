"""Rules on queries of panels."""

import re
from typing import Final

from promql_parser import AggregateExpr, Call, Expr

from instrumentation.conventions import METRICS
from sightline.grafana.dashboard import Panel
from sightline.grafana.values import obj, text
from sightline.lint import logql, promql, units
from sightline.lint.board import Board, Query
from sightline.lint.finding import Found, Rule

_COUNTERS: Final = ("_total", "_sum", "_bucket")
_HISTOGRAM_COUNT: Final = re.compile(r"_(seconds|milliseconds|bytes|duration)_count$")
"""Names of a histogram's count; a gauge may end in ``_count`` too."""
_COUNTER_FUNCTIONS: Final = frozenset(
    {"rate", "irate", "increase", "resets", "changes", "absent", "absent_over_time"}
    | {"timestamp", "count", "group", "count_over_time", "present_over_time"}
)
"""Functions that handle the reset of a counter when its process restarts."""

_GRAFANA_RANGES: Final = re.compile(r"\[\$\{?__(rate_interval|range)\}?(:[^\]]*)?\]")
_TEXT: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"")
"""Value of a matcher, which may be a pattern with brackets."""
_RANGE: Final = re.compile(r"\b(rate|irate|increase)\s*\([^\[\]]*(\[[^\]]*\])")
_UNSTEADY: Final = frozenset({"topk", "bottomk"})


def valid(board: Board) -> Found:
    """Require valid PromQL in queries."""
    for query in board.queries():
        if not query.is_promql:
            continue
        try:
            promql.tree(query.expr)
        except ValueError as error:
            yield query.place, f"{query.expr or 'empty query'}: {error}"


def interval(board: Board) -> Found:
    """Require the range ``$__rate_interval`` for rates, or ``$__range`` for totals."""
    for query, _ in board.parsed_queries():
        for function, found in _RANGE.findall(_TEXT.sub('""', query.expr)):
            if not _GRAFANA_RANGES.fullmatch(found):
                yield query.place, f"{function}{found}: expected [$__rate_interval]"


def job(board: Board) -> Found:
    """Require queries to select the jobs of the variable."""
    return _require_variable(board, "job")


def instance(board: Board) -> Found:
    """Require queries of unaggregated series to select the instances of the variable."""
    return _require_variable(board, "instance")


def _require_variable(board: Board, label: str) -> Found:
    for query, tree in board.parsed_queries():
        unfiltered = {
            promql.metric(selector) or "series"
            for selector, _ in promql.selectors(tree)
            if f"${label}" not in promql.matchers(selector).get(label, "").replace("{", "")
        }
        for name in sorted(unfiltered):
            lost = promql.is_recorded(name) or name.startswith("ALERTS")
            if not (label == "instance" and lost):
                yield query.place, f'{name}: expected the matcher {label}=~"${label}"'


def counters(board: Board) -> Found:
    """Require rate() or a similar function around counters."""
    for query, tree in board.parsed_queries():
        for selector, above in promql.selectors(tree):
            name = promql.metric(selector)
            if _is_counter(name) and not promql.functions(above) & _COUNTER_FUNCTIONS:
                yield query.place, f"{name} is a counter: expected rate() or increase() around it"


def _is_counter(name: str) -> bool:
    if promql.is_recorded(name) or name in METRICS:
        return False
    return name.endswith(_COUNTERS) or bool(_HISTOGRAM_COUNT.search(name))


def logs(board: Board) -> Found:
    """Require LogQL queries that are not empty and whose brackets match."""
    for query in board.queries():
        if query.is_logql and not logql.is_balanced(query.expr):
            yield query.place, f"{query.expr or 'empty query'}: expected LogQL"


def logs_auto(board: Board) -> Found:
    """Require the range ``$__auto`` in LogQL queries."""
    for query in board.queries():
        fixed = re.findall(r"\[(\d\w*)\]", query.expr) if query.is_logql else []
        for found in fixed:
            yield query.place, f"[{found}]: expected [$__auto]"


def bounds(board: Board) -> Found:
    """Require that a constant ``le`` is a bucket bound; any other value selects nothing."""
    for query, tree in board.parsed_queries():
        for selector, _ in promql.selectors(tree):
            bound = promql.matchers(selector).get("le", "")
            metric = METRICS.get(promql.metric(selector).removesuffix("_bucket"))
            known = {str(float(le)) for le in metric.buckets} | {"+Inf"} if metric else {bound}
            if bound and bound not in known:
                yield query.place, f'le="{bound}" of {promql.metric(selector)}: no such bucket'


def quantiles(board: Board) -> Found:
    """Require the label ``le`` in the buckets of a quantile; native histograms have none."""
    for query, tree in board.parsed_queries():
        for node, _ in promql.nodes(tree):
            if isinstance(node, Call) and node.func.name == "histogram_quantile":
                if not _is_classic(node.args[1]):
                    continue
                lost = [inner for inner in _aggregations(node.args[1]) if not _keeps(inner, "le")]
                if lost:
                    yield query.place, "histogram_quantile over buckets without le: add it to by"


def _is_classic(tree: Expr) -> bool:
    return any(promql.metric(node).endswith("_bucket") for node, _ in promql.selectors(tree))


def _aggregations(tree: Expr) -> list[AggregateExpr]:
    return [node for node, _ in promql.nodes(tree) if isinstance(node, AggregateExpr)]


def _keeps(aggregation: AggregateExpr, label: str) -> bool:
    if aggregation.modifier is None:
        return False
    labels = list(aggregation.modifier.labels)
    return (label in labels) == str(aggregation.modifier.type).endswith("By")


def exemplars(board: Board) -> Found:
    """Reject exemplar queries of recorded series, which have none."""
    for query, tree in board.parsed_queries():
        names = [promql.metric(selector) for selector, _ in promql.selectors(tree)]
        if query.target.raw.get("exemplar") and all(map(promql.is_recorded, names)):
            yield query.place, "exemplars of recorded series: they have none; query the raw buckets"


def unsteady(board: Board) -> Found:
    """Reject ``topk`` over time, because it selects other series at every step.

    It is steady if it ranks series at a fixed time, as with ``@ end()``.
    """
    for query, tree in board.parsed_queries():
        flickers = any(
            str(node.op) in _UNSTEADY and not _has_fixed_time(node) for node in _aggregations(tree)
        )
        if flickers and not query.target.raw.get("instant"):
            yield (
                query.place,
                "topk over time: series change at every step; use a table or @ end()",
            )


def _has_fixed_time(aggregation: AggregateExpr) -> bool:
    return all(selector.at is not None for selector, _ in promql.selectors(aggregation.expr))


def unit(board: Board) -> Found:
    """Require that the unit of the panel fits the quantity of its query."""
    for query, tree in board.parsed_queries():
        heatmap = query.panel.type == "heatmap"
        measure = units.bucket_measure(tree) if heatmap else units.measure(tree)
        given = _unit(query)
        fitting = units.FITTING.get(measure, set()) if measure else set()
        if given in units.MEASURED and fitting and given not in fitting:
            wanted = ", ".join(sorted(fitting))
            yield query.place, f"unit {given} for {measure.value if measure else ''}: {wanted}"


def _unit(query: Query) -> str:
    """Return the unit in which the values of a query are displayed; empty if it is unknown."""
    panel = query.panel
    if panel.type == "heatmap":
        return text(panel.option("yAxis", "unit"))
    if panel.type == "table":
        return _column_unit(panel, text(query.target.raw.get("refId")))
    return text(panel.defaults.get("unit"))


def _column_unit(panel: Panel, ref_id: str) -> str:
    renamed: dict[str, str] = {}
    for step in panel.transformations:
        renamed |= obj(step.options.get("renameByName"))
    title = renamed.get("Value" if len(panel.targets) == 1 else f"Value #{ref_id}")
    overrides = (override for override in panel.overrides if override.options == title)
    return next((text(override.properties.get("unit")) for override in overrides), "")


RULES: Final = (
    Rule(name="target-promql-rule", check=valid, single=True),
    Rule(name="target-rate-interval-rule", check=interval, single=True),
    Rule(name="target-job-rule", check=job),
    Rule(name="target-instance-rule", check=instance),
    Rule(name="target-counter-agg-rule", check=counters, single=True),
    Rule(name="target-logql-rule", check=logs, single=True),
    Rule(name="target-logql-auto-rule", check=logs_auto, single=True),
    Rule(name="sightline-bucket-bounds", check=bounds, single=True),
    Rule(name="sightline-quantile", check=quantiles, single=True),
    Rule(name="sightline-exemplars", check=exemplars, single=True),
    Rule(name="sightline-steady-series", check=unsteady, single=True),
    Rule(name="sightline-unit", check=unit, single=True),
)
