"""Syntax trees of PromQL, with Grafana's variables replaced by sample values."""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Final

import promql_parser
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatchOp,
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
_UNKNOWN: Final = (("1", "sum"), ("a_metric", "sum"), ("a_metric", "rate"))
"""Values of variables that are tried in turn: a number or metric, and a function."""

_DEEPEST: Final = 100
"""Deepest nesting that is parsed; the parser needs stack for each level."""

_TEXT: Final = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*)", re.DOTALL)
"""A string or a comment."""
_UNDERSCORES: Final = re.compile(r"\b\d+(?:_\d+)+\b")
_CALCULATED_RANGE: Final = re.compile(r"\[[\d.smhdwy\s()]+[-+*/][^\[\]:]*(?=[\]:])")
"""A duration expression, which Prometheus 3 evaluates."""
_RENAMED: Final = re.compile(r"\bholt_winters\b")
"""Name of ``double_exponential_smoothing`` in Prometheus 2."""
_CALL: Final = re.compile(r"\s*((by|without)\s*)?\(")


@lru_cache(maxsize=4096)
def tree(expr: str) -> Expr:
    """Parse *expr*.

    Raises:
        ValueError: *expr* is not PromQL; the message says why.
    """
    if _depth(expr) > _DEEPEST:
        raise ValueError("nested too deeply")
    *tries, last = (_fill(expr, value, function) for value, function in _UNKNOWN)
    for text in tries:
        with suppress(ValueError):
            return promql_parser.parse(text)
    return promql_parser.parse(last)


def _depth(expr: str) -> int:
    deepest = depth = 0
    for character in _TEXT.sub("", expr):
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _fill(expr: str, unknown: str, function: str) -> str:
    """Replace variables outside strings, and what the parser does not know though it is valid."""
    filled = ""

    def value_of(reference: Reference) -> str:
        found = _SAMPLE.built_in(reference)
        if found is not None:
            return found
        if _is_matcher(filled + reference.before, reference.after):
            return 'a_label="1"'
        return _value(reference, unknown, function)

    for index, part in enumerate(_TEXT.split(expr)):
        is_text = index % 2
        filled += (
            (part if part[0] != "#" else "") if is_text else _known(substitute(part, value_of))
        )
    return filled


def _is_matcher(before: str, after: str) -> bool:
    """Return true if a variable between these texts is a whole matcher, as in ``{job="a", $b}``."""
    inside = before.rfind("{") > before.rfind("}")
    return inside and before.rstrip()[-1] in "{," and after.lstrip()[:1] in {"}", ","}


def _value(reference: Reference, unknown: str, function: str) -> str:
    if reference.before[-1:] != "_" and _CALL.match(reference.after):
        return function
    return _SAMPLE_DURATION if _is_duration(reference) else unknown


def _known(text: str) -> str:
    text = _UNDERSCORES.sub(lambda number: number[0].replace("_", ""), text)
    text = _CALCULATED_RANGE.sub(f"[{_SAMPLE_DURATION}", text)
    return _RENAMED.sub("double_exponential_smoothing", text)


def _is_duration(reference: Reference) -> bool:
    subquery_step = reference.before.endswith(":") and reference.after.startswith("]")
    return subquery_step or reference.before.endswith(("[", "offset ", "offset -"))


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
    named = (
        matcher.value
        for matcher in selector.matchers.matchers
        if matcher.name == "__name__" and matcher.op == MatchOp.Equal
    )
    return selector.name or next(named, "")


def matchers(selector: VectorSelector) -> dict[str, str]:
    """Return the value of each matcher by label, for any operator."""
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def functions(above: Path) -> set[str]:
    """Return the names of functions and aggregations among the ancestors of a node."""
    calls = {node.func.name for node in above if isinstance(node, Call)}
    return calls | {str(node.op) for node in above if isinstance(node, AggregateExpr)}


def is_recorded(name: str) -> bool:
    """Return true if *name* is the name of a recording rule."""
    return ":" in name
