"""Syntax trees of PromQL, with Grafana's variables replaced by sample values."""

import re
from collections.abc import Iterator
from typing import Final

import promql_parser
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from sightline.grafana.interpolation import Scope
from sightline.grafana.references import Reference, substitute
from sightline.grafana.timerange import TimeRange

Path = tuple[Expr, ...]
"""Ancestors of a node, outermost first."""

_SAMPLE: Final = Scope(time=TimeRange.parse("now-1h", "now", now=3600.0), interval_seconds=60.0)
_SAMPLE_DURATION: Final = "5m"
_STRING: Final = re.compile(r'("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')')


def tree(expr: str) -> Expr:
    """Parse *expr*.

    Raises:
        ValueError: *expr* is not PromQL; the message says why.
    """
    try:
        return promql_parser.parse(_fill(expr, "1"))
    except ValueError:
        return promql_parser.parse(_fill(expr, "a_metric"))


def _fill(expr: str, unknown: str) -> str:
    """Replace variables outside strings: Grafana's own, durations, and others by *unknown*."""

    def value_of(reference: Reference) -> str:
        found = _SAMPLE.built_in(reference)
        if found is not None:
            return found
        return _SAMPLE_DURATION if _is_duration(reference) else unknown

    parts = _STRING.split(expr)
    return "".join(
        part if index % 2 else substitute(part, value_of) for index, part in enumerate(parts)
    )


def _is_duration(reference: Reference) -> bool:
    subquery_step = reference.before.endswith(":") and reference.after.startswith("]")
    return subquery_step or reference.before.endswith(("[", "offset "))


def nodes(root: Expr, above: Path = ()) -> Iterator[tuple[Expr, Path]]:
    """Yield *root* and every node below it, with its ancestors."""
    yield root, above
    for child in children(root):
        yield from nodes(child, (*above, root))


def children(node: Expr) -> Iterator[Expr]:
    """Yield the nodes directly below *node*."""
    match node:
        case BinaryExpr():
            yield from (node.lhs, node.rhs)
        case AggregateExpr():
            yield node.expr
        case Call():
            yield from node.args
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            yield node.expr
        case MatrixSelector():
            yield node.vector_selector


def selectors(root: Expr) -> Iterator[tuple[VectorSelector, Path]]:
    """Yield every series selector with its ancestors."""
    return ((node, above) for node, above in nodes(root) if isinstance(node, VectorSelector))


def metric(selector: VectorSelector) -> str:
    """Return the name of the metric; empty if no single metric is selected."""
    return selector.name or matchers(selector).get("__name__", "")


def matchers(selector: VectorSelector) -> dict[str, str]:
    """Return the value of each matcher by label, for any operator."""
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def functions(above: Path) -> set[str]:
    """Return the names of functions and aggregations among the ancestors of a node."""
    calls = {node.func.name for node in above if isinstance(node, Call)}
    return calls | {str(node.op) for node in above if isinstance(node, AggregateExpr)}


def is_recorded(name: str) -> bool:
    """Tell whether *name* is the name of a recording rule."""
    return ":" in name
