"""Quantities of PromQL expressions, inferred from metric names, and the units that fit."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from instrumentation.conventions import METRICS
from sightline.lint import promql


class Measure(Enum):
    """Quantity that a query returns and that a unit expects."""

    SECONDS = "seconds"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes a second"
    SECONDS_PER_SECOND = "seconds a second"
    RATIO = "a ratio"
    PER_SECOND = "events a second"
    COUNT = "a count"
    MOMENT = "seconds since 1970"
    NUMBER = "a number"


FITTING: Final = {
    Measure.SECONDS: {"s", "dtdurations", "dtdurationms", "dthms", "dtdhms", "m", "h", "d"},
    Measure.BYTES: {"bytes", "decbytes"},
    Measure.BYTES_PER_SECOND: {"Bps", "binBps", "decBps"},
    Measure.SECONDS_PER_SECOND: {"percentunit", "short", "none", "s", "suffix: cores"},
    Measure.RATIO: {"percentunit", "suffix:x", "short", "none"},
    Measure.PER_SECOND: {"reqps", "ops", "rps", "wps", "cps", "eps", "iops", "mps", "pps", "hertz"},
}
"""Grafana's units for each quantity; a quantity without an entry fits any unit."""

MEASURED: Final = frozenset().union(*FITTING.values()) | {
    "ms",
    "percent",
    "µs",
    "ns",
    "bits",
    "bps",
}
"""Units with a quantity. Grafana writes any other text after the number."""

_BY_UCUM: Final = {"s": Measure.SECONDS, "By": Measure.BYTES}
_BY_SUFFIX: Final = (
    ("_start_time_seconds", Measure.MOMENT),
    ("_timestamp_seconds", Measure.MOMENT),
    ("_seconds", Measure.SECONDS),
    ("_bytes", Measure.BYTES),
    ("_ratio", Measure.RATIO),
)
_OTHER_UNITS: Final = re.compile(
    r"_(ms|us|ns|milliseconds|microseconds|nanoseconds|minutes|hours|days|bits|[kmg]i?b"
    r"|(kilo|mega|giga)?bytes|seconds|percent|joules|watts|volts|celsius|meters|grams)(_|$)"
)
"""Units in the name of a counter that does not count events."""
_PER_SECOND: Final = {
    Measure.SECONDS: Measure.SECONDS_PER_SECOND,
    Measure.BYTES: Measure.BYTES_PER_SECOND,
    Measure.COUNT: Measure.PER_SECOND,
}
_RATES: Final = {"rate", "irate", "deriv"}
_COUNTS: Final = {"count", "group", "count_values", "changes", "resets", "count_over_time"}
_MOMENTS: Final = {"time", "timestamp"}
_COMPARISONS: Final = {"==", "!=", ">", "<", ">=", "<=", "or"}
_FILTERS: Final = {"and", "unless"}
"""Operators whose result has the values of the left side."""


def measure(node: Expr) -> Measure | None:
    """Infer the quantity of *node*; None if names do not tell."""
    found: Measure | None = None
    match node:
        case VectorSelector():
            found = _of_name(promql.metric(node))
        case MatrixSelector():
            found = measure(node.vector_selector)
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            found = measure(node.expr)
        case NumberLiteral():
            found = Measure.NUMBER
        case AggregateExpr():
            found = Measure.COUNT if str(node.op) in _COUNTS else measure(node.expr)
        case Call():
            found = _of_call(node)
        case BinaryExpr():
            found = _of_operation(str(node.op), measure(node.lhs), measure(node.rhs))
    return found


def bucket_measure(node: Expr) -> Measure | None:
    """Infer the quantity of the bucket bounds in *node*."""
    names = [promql.metric(selector) for selector, _ in promql.selectors(node)]
    buckets = [part for name in names for part in name.split(":") if part.endswith("_bucket")]
    found = [_of_suffix(name.removesuffix("_bucket")) for name in buckets or names]
    return found[0] if found else None


def _of_name(name: str) -> Measure | None:
    if promql.is_recorded(name):
        return _of_recorded(name.split(":"))
    base = name.removesuffix("_bucket").removesuffix("_sum")
    if metric := METRICS.get(base.removesuffix("_total")):
        return _of_suffix(base) or _BY_UCUM.get(metric.unit, Measure.COUNT)
    if name.endswith("_count"):
        return Measure.COUNT
    whole = base.removesuffix("_total")
    counts = name.endswith("_total") and not _OTHER_UNITS.search(whole)
    return _of_suffix(whole) or (Measure.COUNT if counts else None)


def _of_recorded(parts: Sequence[str]) -> Measure | None:
    """Infer the quantity of ``level:metric:operation``; names of other forms do not tell."""
    if len(parts) != len(("level", "metric", "operation")):
        return None
    _, name, operation = parts
    base = name.removesuffix("_bucket")
    match operation:
        case "ratio":
            return Measure.RATIO
        case "rate":
            counted = Measure.COUNT if name != base else _of_suffix(base) or Measure.COUNT
            return _PER_SECOND.get(counted)
        case "quantile":
            return _of_suffix(base)
    return None


def _of_suffix(name: str) -> Measure | None:
    return next((measure for suffix, measure in _BY_SUFFIX if name.endswith(suffix)), None)


def _of_call(call: Call) -> Measure | None:
    name = call.func.name
    if name in _MOMENTS:
        return Measure.MOMENT
    if name in _COUNTS:
        return Measure.COUNT
    if name == "histogram_quantile":
        return bucket_measure(call.args[1])
    first = measure(call.args[0]) if call.args else None
    if name not in _RATES:
        return Measure.NUMBER if name == "vector" else first
    counted = _count_measure(call.args[0]) or first
    return _PER_SECOND.get(counted) if counted else None


def _count_measure(argument: Expr) -> Measure | None:
    """Read buckets and counts of a histogram as events."""
    names = [promql.metric(selector) for selector, _ in promql.selectors(argument)]
    return Measure.COUNT if any(name.endswith(("_bucket", "_count")) for name in names) else None


def _of_operation(sign: str, left: Measure | None, right: Measure | None) -> Measure | None:
    if sign in _FILTERS:
        return left
    if sign in _COMPARISONS:
        return left if left not in {None, Measure.NUMBER} else right
    if sign in {"+", "-"}:
        return _of_sum(left, right)
    if sign == "/" and left is not None and left == right:
        return Measure.RATIO
    if sign in {"*", "/"} and right is Measure.NUMBER and left is not Measure.NUMBER:
        return left if sign == "/" and left in {Measure.PER_SECOND, Measure.COUNT} else None
    return None


def _of_sum(left: Measure | None, right: Measure | None) -> Measure | None:
    if left is right is Measure.MOMENT:
        return Measure.SECONDS
    return right if left is Measure.NUMBER else left
