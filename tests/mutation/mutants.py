"""Mutants: small, plausible mistakes in a rule."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from sightline.grafana import durations

Rule = dict[str, Any]

_STRING: Final = re.compile(r'"[^"]*"')
_SELECTOR: Final = re.compile(r"\{([^}]*)\}")
_COMPARISON: Final = re.compile(r"(?<![=!<>~])(>=|<=|==|>|<)(?!=)")
_NUMBER: Final = re.compile(r"(?<![\w.:\[])\d+(?:\.\d+)?(?![\w.\]])")

_FLIPPED: Final = {">": "<", "<": ">", ">=": "<", "<=": ">", "==": "!="}
_SWAPPED: Final = {
    "and": "unless",
    "unless": "and",
    "or": "and",
    "rate": "increase",
    "max_over_time": "min_over_time",
    "avg_over_time": "sum_over_time",
    "sum_over_time": "max_over_time",
    "changes": "resets",
    "sum": "count",
    "max": "min",
}
_WORD: Final = re.compile(rf"(?<![\w:])({'|'.join(_SWAPPED)})(?![\w:])")


def mutants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Yield every mutant of *rule* with a description of the change."""
    expr = rule["expr"]
    for name, mutated in _mutate_expression(expr):
        yield name, {**rule, "expr": mutated}
    for field in ("for", "keep_firing_for"):
        if field in rule:
            yield f"{field} dropped", {key: rule[key] for key in rule if key != field}
            yield f"{field} tripled", {**rule, field: _triple(rule[field])}


def _mutate_expression(expr: str) -> Iterator[tuple[str, str]]:
    bare = _blank_literals(expr)
    yield from _replace_matches("flipped", _COMPARISON, expr, bare, lambda op: (_FLIPPED[op],))
    yield from _replace_matches("constant", _NUMBER, expr, bare, _scale)
    yield from _replace_matches("swapped", _WORD, expr, bare, lambda word: (_SWAPPED[word],))
    for selector in _SELECTOR.finditer(expr):
        yield from _drop_matchers(expr, selector)


def _replace_matches(
    kind: str,
    pattern: re.Pattern[str],
    expr: str,
    bare: str,
    replacements: Callable[[str], tuple[str, ...]],
) -> Iterator[tuple[str, str]]:
    """Yield *expr* with one match of *pattern* in *bare*, its version without strings, replaced."""
    for number, match in enumerate(pattern.finditer(bare), start=1):
        for new in replacements(match.group()):
            mutated = expr[: match.start()] + new + expr[match.end() :]
            yield f"{kind} {number}: {match.group()} to {new}", mutated


def _scale(number: str) -> tuple[str, ...]:
    value = float(number)
    return (f"{value * 3:g}", f"{value / 3:g}") if value else ()


def _drop_matchers(expr: str, selector: re.Match[str]) -> Iterator[tuple[str, str]]:
    parts = re.findall(r'\w+(?:=~|!~|!=|=)"[^"]*"', selector[1])
    for part in parts:
        kept = ", ".join(other for other in parts if other != part)
        mutated = expr[: selector.start()] + f"{{{kept}}}" + expr[selector.end() :]
        yield f"matcher dropped at {selector.start()}: {part}", mutated


def _blank_literals(expr: str) -> str:
    """Return *expr* with blanks in place of selectors, strings and grouping clauses."""

    def blank(match: re.Match[str]) -> str:
        return " " * len(match.group())

    without = _SELECTOR.sub(blank, _STRING.sub(blank, expr))
    clause = r"\b(?:by|without|on|ignoring|group_left|offset)\b\s*(?:\([^)]*\)|\d+[smhd])"
    return re.sub(clause, blank, without)


def _triple(duration: str) -> str:
    return durations.duration(durations.seconds(duration) * 3)
