"""PromQL as a tree, with Grafana's variables filled in."""

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

Path = tuple[Expr, ...]
"""A node's ancestors, outermost first."""

_BUILT_IN: Final = {
    "__rate_interval": "5m",
    "__interval": "1m",
    "__auto": "1m",
    "__range": "1h",
    "__range_s": "3600",
    "__range_ms": "3600000",
    "__interval_ms": "60000",
    "__rate_interval_ms": "300000",
    "__from": "0",
    "__to": "0",
}
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")
_DURATION: Final = re.compile(r"(?<=\[)\$\{?\w+\}?|(?<=:)\$\{?\w+\}?(?=\])|(?<=offset )\$\{?\w+\}?")
_STRING: Final = re.compile(r'("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')')


def tree(expr: str) -> Expr:
    """*expr* parsed.

    Raises:
        ValueError: It is no PromQL; the text says why.
    """
    try:
        return promql_parser.parse(filled(expr, "1"))
    except ValueError:
        return promql_parser.parse(filled(expr, "a_metric"))


def filled(expr: str, unknown: str) -> str:
    """*expr* without Grafana's variables; *unknown* stands for those that are no duration."""

    def value(found: re.Match[str]) -> str:
        return _BUILT_IN.get(next(filter(None, found.groups())), unknown)

    def duration(found: re.Match[str]) -> str:
        return _BUILT_IN.get(found.group().strip("${}"), "5m")

    parts = _STRING.split(expr)
    return "".join(
        part if index % 2 else _VARIABLE.sub(value, _DURATION.sub(duration, part))
        for index, part in enumerate(parts)
    )


def nodes(root: Expr, above: Path = ()) -> Iterator[tuple[Expr, Path]]:
    """Every node below and including *root*, with its ancestors."""
    yield root, above
    for child in children(root):
        yield from nodes(child, (*above, root))


def children(node: Expr) -> Iterator[Expr]:
    """The nodes directly below *node*."""
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
    """Every selector of series, with its ancestors."""
    return ((node, above) for node, above in nodes(root) if isinstance(node, VectorSelector))


def metric(selector: VectorSelector) -> str:
    """The metric's name; empty where a matcher on ``__name__`` chooses it."""
    return selector.name or matchers(selector).get("__name__", "")


def matchers(selector: VectorSelector) -> dict[str, str]:
    """Value by label, whatever the operator."""
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def functions(above: Path) -> set[str]:
    """Names of functions and aggregations that a node stands in."""
    calls = {node.func.name for node in above if isinstance(node, Call)}
    return calls | {str(node.op) for node in above if isinstance(node, AggregateExpr)}


def recorded(name: str) -> bool:
    """Whether *name* is a recording rule's."""
    return ":" in name
