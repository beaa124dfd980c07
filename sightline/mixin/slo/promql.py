"""PromQL of indicators: quoting, checks, and the parts of a ratio."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

import promql_parser
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Expr,
    NumberLiteral,
    ParenExpr,
    VectorSelector,
)

from sightline.mixin import clock
from sightline.mixin.config import INDICATOR_WINDOW, PRODUCTION, Profile
from sightline.mixin.slo import dialect

WINDOW: Final = "{{.window}}"
"""Placeholder of the range in a query. Source: Sloth, `prometheus/v1`."""

SECONDS: Final = "{{.seconds}}"
"""Placeholder of the seconds of the range."""

_PLACEHOLDER: Final = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")

_STRING: Final = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`"""
_COMMENT: Final = re.compile(rf"({_STRING})|#[^\n]*")
_PATTERN: Final = re.compile(rf"[=!]~\s*({_STRING})")
_SUMS: Final = frozenset({"sum", "count", "avg", "max", "min"})
"""Aggregations with one result for each combination of the labels that they keep."""

_BASIC_PLANE: Final = 0xFFFF

_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
"""Name of a label."""

_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""Characters with a meaning in a pattern."""


def normalize(query: str) -> str:
    """Return *query* with every spelling of the placeholder as `WINDOW`, and without comments."""
    lines = _COMMENT.sub(lambda found: found[1] or "", query).splitlines()
    text = "\n".join(line.rstrip() for line in lines if line.strip())
    return _PLACEHOLDER.sub(lambda _: WINDOW, text).strip()


def check(query: str) -> None:
    """Check that *query* is PromQL that gives a vector.

    Raises:
        ValueError: Contains the query and the reason.
    """
    filled = fill(query)
    if not query.replace("\n", "").replace("\t", "").isprintable():
        raise ValueError(f"{query!r}: expected printable characters")
    for pattern in _PATTERN.findall(filled):
        check_pattern(_unquoted(pattern))
    if "{{" in filled:
        raise ValueError(f"{query!r}: expected no template but {WINDOW}")
    try:
        # A range or a text would be no operand.
        promql_parser.parse(f"({filled}\n) >= 0")
    except ValueError as error:
        raise ValueError(f"{query!r}: {error}: expected PromQL") from error


def check_pattern(pattern: str) -> None:
    """Check that *pattern* can be matched against a label.

    Raises:
        ValueError: Contains the pattern and the reason.
    """
    try:
        promql_parser.parse(f"a{{b=~{quote(pattern)}}}")
    except ValueError as error:
        raise ValueError(f"{pattern!r}: {error}: expected a regular expression") from error
    if found := dialect.foreign_to_go(pattern):
        raise ValueError(f"{pattern!r}: expected a regular expression of Go, which has no {found}")


def fill(query: str, profile: Profile = PRODUCTION) -> str:
    """Return *query* for the window of indicators, with its seconds in *profile*."""
    seconds = clock.seconds(profile.window(INDICATOR_WINDOW))
    return query.replace(WINDOW, INDICATOR_WINDOW).replace(SECONDS, str(seconds))


def quote(text: str) -> str:
    """Return *text* as a string literal on one line."""
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _escaped(character: str) -> str:
    code = ord(character)
    if character.isprintable():
        return character
    return f"\\u{code:04x}" if code <= _BASIC_PLANE else f"\\U{code:08x}"


def _unquoted(literal: str) -> str:
    """Return the text of a string literal; escapes of characters stay as they are."""
    text = literal[1:-1]
    return text if literal[0] == "`" else text.replace("\\\\", "\\")


def matcher(label: str, values: Iterable[str]) -> str:
    """Return the matcher that accepts exactly *values* of *label*."""
    values = tuple(dict.fromkeys(values))
    if len(values) == 1:
        return f"{label}={quote(values[0])}"
    alternatives = "|".join(_SPECIAL.sub(r"\\\g<0>", value) for value in values)
    return f"{label}=~{quote(alternatives)}"


def is_difference(query: str) -> bool:
    """Return true if *query* subtracts, so that a missing operand leaves no result."""
    root = _inside(promql_parser.parse(fill(query)))
    return isinstance(root, BinaryExpr) and str(root.op) == "-"


def labels_of_result(query: str) -> frozenset[str] | None:
    """Return the labels that *query* keeps, or None unless it is an aggregation that names them."""
    root = _inside(promql_parser.parse(fill(query)))
    if not isinstance(root, AggregateExpr) or str(root.op) not in _SUMS:
        return None
    if root.modifier is None:
        return frozenset()
    by = root.modifier.type == promql_parser.AggModifierType.By
    return frozenset(root.modifier.labels) if by else None


def parts_of_ratio(query: str) -> tuple[str, str, str] | None:
    """Return bad, good and all events of a ratio of bad events, or None if it is not a division.

    One of the first two is empty: ``a / b`` has bad events, ``1 - a / b`` has good ones.
    """
    match _inside(promql_parser.parse(fill(query))):
        case BinaryExpr(lhs=lhs, rhs=rhs) as root if _is_plain(root, "/"):
            return lhs.prettify(), "", rhs.prettify()
        case BinaryExpr(lhs=lhs, rhs=rhs) as root if str(root.op) == "-" and _is_one(lhs):
            inner = _inside(rhs)
            if isinstance(inner, BinaryExpr) and _is_plain(inner, "/"):
                return "", inner.lhs.prettify(), inner.rhs.prettify()
    return None


def rate_of_counter(query: str) -> str | None:
    """Return the rate of the counter in *query*, a selector or its sum; None if it is neither."""
    match _inside(promql_parser.parse(query)):
        case VectorSelector() as selector:
            return f"sum(rate({selector.prettify()}[{WINDOW}]))"
        case AggregateExpr(expr=VectorSelector() as selector) as root if str(root.op) == "sum":
            return root.prettify().replace(
                selector.prettify(), f"rate({selector.prettify()}[{WINDOW}])"
            )
    return None


def selector_labels(query: str) -> Iterator[tuple[str, str]]:
    """Yield label and value of every equality in the selector *query*."""
    root = promql_parser.parse(query)
    if isinstance(root, VectorSelector):
        for each in root.matchers.matchers:
            if each.op == promql_parser.MatchOp.Equal:
                yield each.name, each.value


def is_selector(query: str) -> bool:
    """Return true if *query* is a metric with matchers, or without."""
    try:
        return isinstance(promql_parser.parse(query), VectorSelector)
    except ValueError:
        return False


def is_label(text: str) -> bool:
    """Return true if *text* is the name of a label."""
    return bool(_LABEL.fullmatch(text))


def _inside(node: Expr) -> Expr:
    while isinstance(node, ParenExpr):
        node = node.expr
    return node


def _is_plain(node: BinaryExpr, operator: str) -> bool:
    """Return true if *node* applies *operator* without ``group_left`` and to no number."""
    if str(node.op) != operator or isinstance(_inside(node.rhs), NumberLiteral):
        return False
    cardinality = promql_parser.VectorMatchCardinality
    return node.modifier is None or node.modifier.card == cardinality.OneToOne


def _is_one(node: Expr) -> bool:
    inner = _inside(node)
    return isinstance(inner, NumberLiteral) and inner.val == 1
