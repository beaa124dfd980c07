"""Rules on the queries of panels."""

import re
from collections.abc import Iterator
from typing import Final

from promql_parser import AggregateExpr, Call, Expr

from instrumentation.conventions import METRICS
from sightline.lint import board, promql, units
from sightline.lint.board import Board, Json, Target
from sightline.lint.finding import Rule

Found = Iterator[tuple[str, str]]

_COUNTERS: Final = ("_total", "_sum", "_bucket")
_HISTOGRAM_COUNT: Final = re.compile(r"_(seconds|milliseconds|bytes|duration)_count$")
"""A gauge may be called `…_count` as well: `system_cpu_logical_count`."""
_COUNTER_FUNCTIONS: Final = frozenset(
    {"rate", "irate", "increase", "resets", "changes", "absent", "absent_over_time"}
    | {"timestamp", "count", "group", "count_over_time", "present_over_time"}
)
"""What makes sense of a number that starts again at 0 with its process."""

_CHOSEN_RANGES: Final = re.compile(r"\[\$\{?__(rate_interval|range)\}?(:[^\]]*)?\]")
_RANGE: Final = re.compile(r"\b(rate|irate|increase)\s*\([^\[\]]*(\[[^\]]*\])")
_UNSTEADY: Final = frozenset({"topk", "bottomk"})


def valid(dashboard: Board) -> Found:
    """A query is PromQL."""
    for target in dashboard.targets():
        if target.kind != board.PROMETHEUS:
            continue
        try:
            promql.tree(target.expr)
        except ValueError as error:
            yield target.place, f"{target.expr or 'empty query'}: {error}"


def interval(dashboard: Board) -> Found:
    """A rate looks back over ``$__rate_interval``; an increase may over the whole ``$__range``."""
    for target, _ in dashboard.queries():
        for function, found in _RANGE.findall(target.expr):
            if not _CHOSEN_RANGES.fullmatch(found):
                yield target.place, f"{function}{found}: expected [$__rate_interval]"


def job(dashboard: Board) -> Found:
    """A query keeps to the chosen jobs."""
    return _chosen(dashboard, "job")


def instance(dashboard: Board) -> Found:
    """A query keeps to the chosen instances; recorded series and alerts have lost that label."""
    return _chosen(dashboard, "instance")


def _chosen(dashboard: Board, label: str) -> Found:
    for target, tree in dashboard.queries():
        unchosen = {
            promql.metric(selector) or "series"
            for selector, _ in promql.selectors(tree)
            if f"${label}" not in promql.matchers(selector).get(label, "").replace("{", "")
        }
        for name in sorted(unchosen):
            lost = promql.recorded(name) or name.startswith("ALERTS")
            if not (label == "instance" and lost):
                yield target.place, f'{name}: expected the matcher {label}=~"${label}"'


def counters(dashboard: Board) -> Found:
    """A counter is read through rate() or the like, however it is selected."""
    for target, tree in dashboard.queries():
        for selector, above in promql.selectors(tree):
            name = promql.metric(selector)
            if _counts(name) and not promql.functions(above) & _COUNTER_FUNCTIONS:
                yield target.place, f"{name} is a counter: expected rate() or increase() around it"


def _counts(name: str) -> bool:
    if promql.recorded(name) or name in METRICS:
        return False
    return name.endswith(_COUNTERS) or bool(_HISTOGRAM_COUNT.search(name))


def logs(dashboard: Board) -> Found:
    """A query of logs is not empty and its brackets match."""
    for target in dashboard.targets():
        if target.kind == board.LOKI and not _balanced(target.expr):
            yield target.place, f"{target.expr or 'empty query'}: expected LogQL"


def _balanced(text: str) -> bool:
    return bool(text) and all(text.count(one) == text.count(other) for one, other in ("()", "{}"))


def logs_auto(dashboard: Board) -> Found:
    """A range over logs is ``$__auto``."""
    for target in dashboard.targets():
        fixed = re.findall(r"\[(\d\w*)\]", target.expr) if target.kind == board.LOKI else []
        for found in fixed:
            yield target.place, f"[{found}]: expected [$__auto]"


def bounds(dashboard: Board) -> Found:
    """A constant ``le`` is a bucket that the histogram has; any other selects nothing."""
    for target, tree in dashboard.queries():
        for selector, _ in promql.selectors(tree):
            bound = promql.matchers(selector).get("le", "")
            metric = METRICS.get(promql.metric(selector).removesuffix("_bucket"))
            known = {str(float(le)) for le in metric.buckets} | {"+Inf"} if metric else {bound}
            if bound and bound not in known:
                yield target.place, f'le="{bound}" of {promql.metric(selector)}: no such bucket'


def quantiles(dashboard: Board) -> Found:
    """A quantile is taken over buckets that still have their bound; native ones need none."""
    for target, tree in dashboard.queries():
        for node, _ in promql.nodes(tree):
            if isinstance(node, Call) and node.func.name == "histogram_quantile":
                if not _classic(node.args[1]):
                    continue
                lost = [inner for inner in _aggregations(node.args[1]) if not _keeps(inner, "le")]
                if lost:
                    yield target.place, "histogram_quantile over buckets without le: add it to by"


def _classic(tree: Expr) -> bool:
    return any(promql.metric(node).endswith("_bucket") for node, _ in promql.selectors(tree))


def _aggregations(tree: Expr) -> list[AggregateExpr]:
    return [node for node, _ in promql.nodes(tree) if isinstance(node, AggregateExpr)]


def _keeps(aggregation: AggregateExpr, label: str) -> bool:
    if aggregation.modifier is None:
        return False
    labels = list(aggregation.modifier.labels)
    return (label in labels) == str(aggregation.modifier.type).endswith("By")


def exemplars(dashboard: Board) -> Found:
    """Exemplars are asked for where there may be some: no recorded series has any."""
    for target, tree in dashboard.queries():
        names = [promql.metric(selector) for selector, _ in promql.selectors(tree)]
        if target.json.get("exemplar") and all(map(promql.recorded, names)):
            yield target.place, "exemplars of recorded series: there are none; ask raw buckets"


def steady(dashboard: Board) -> Found:
    """A chart over time has no topk(), which picks other series at every step."""
    for target, tree in dashboard.queries():
        flickers = any(str(node.op) in _UNSTEADY for node in _aggregations(tree))
        if flickers and not target.json.get("instant"):
            yield target.place, "topk over time: the series change at every step; use a table"


def unit(dashboard: Board) -> Found:
    """The panel's unit is that of what its query measures."""
    for target, tree in dashboard.queries():
        heatmap = target.panel.get("type") == "heatmap"
        measure = units.bounded(tree) if heatmap else units.measured(tree)
        given = _unit(target)
        fitting = units.FITTING.get(measure, set()) if measure else set()
        if given and fitting and given not in fitting:
            wanted = ", ".join(sorted(fitting))
            yield target.place, f"unit {given} for {measure.value if measure else ''}: {wanted}"


def _unit(target: Target) -> str:
    """The unit under which a target's values are shown; empty where overrides leave it open."""
    panel = target.panel
    if panel.get("type") == "heatmap":
        return str(panel.get("options", {}).get("yAxis", {}).get("unit", ""))
    if panel.get("type") == "table":
        return _column_unit(panel, str(target.json.get("refId", "")))
    return str(panel.get("fieldConfig", {}).get("defaults", {}).get("unit", ""))


def _column_unit(panel: Json, ref: str) -> str:
    renamed: Json = {}
    for step in panel.get("transformations", []):
        renamed |= step.get("options", {}).get("renameByName", {})
    alone = len(panel.get("targets", [])) == 1
    title = renamed.get("Value" if alone else f"Value #{ref}")
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        if override["matcher"].get("options") == title:
            found = [item["value"] for item in override["properties"] if item["id"] == "unit"]
            return str(found[0]) if found else ""
    return ""


RULES: Final = (
    Rule(name="target-promql-rule", check=valid),
    Rule(name="target-rate-interval-rule", check=interval),
    Rule(name="target-job-rule", check=job),
    Rule(name="target-instance-rule", check=instance),
    Rule(name="target-counter-agg-rule", check=counters),
    Rule(name="target-logql-rule", check=logs),
    Rule(name="target-logql-auto-rule", check=logs_auto),
    Rule(name="sightline-bucket-bounds", check=bounds),
    Rule(name="sightline-quantile", check=quantiles),
    Rule(name="sightline-exemplars", check=exemplars),
    Rule(name="sightline-steady-series", check=steady),
    Rule(name="sightline-unit", check=unit),
)
