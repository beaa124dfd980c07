"""Substitution of variables in queries, titles and links.

Source: Grafana documentation, "Variable syntax" and "Global variables"; grafana-prometheus
``interpolateQueryExpr`` for the default format in PromQL.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from sightline.grafana.durations import duration
from sightline.grafana.references import Reference, substitute
from sightline.grafana.timerange import TimeRange

ALL: Final = "$__all"

_PROMQL_SPECIAL: Final = re.compile(r"[\\$^*{}\[\]'+?.()|]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Current value of a variable."""

    values: tuple[str, ...]
    texts: tuple[str, ...] = ()
    """Displayed text of each value; empty when the values are displayed."""
    several: bool = False
    """The variable may hold several values, so that PromQL gets a pattern."""
    verbatim: bool = False
    """The value is already a pattern: ``allValue``."""
    everything: bool = False
    """The reader chose All."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Values of all variables: those of the dashboard, of a link, and Grafana's own."""

    time: TimeRange
    variables: Mapping[str, Value] = field(default_factory=dict)
    interval_seconds: float = 1.0
    scrape_seconds: float = 2.0
    data: Mapping[str, Any] = field(default_factory=dict)
    """Variables of a data link: ``__field``, ``__value``, ``__data``, nested."""

    def at(self, interval_seconds: float) -> Self:
        """Return the scope of a panel whose points are *interval_seconds* apart."""
        return replace(self, interval_seconds=interval_seconds)

    def with_data(self, data: Mapping[str, Any]) -> Self:
        """Return the scope of a data link."""
        return replace(self, data=data)

    def promql(self, text: str) -> str:
        """Substitute in PromQL: several values become an escaped pattern."""
        return self._substitute(text, _promql)

    def plain(self, text: str) -> str:
        """Substitute in text for people."""
        return self._substitute(text, _text)

    def url(self, text: str) -> str:
        """Substitute in a URL: values are percent-encoded."""
        return self._substitute(text, _percent_encoded)

    def built_in(self, reference: Reference) -> str | None:
        """Return the value of one of Grafana's own variables; None for any other variable."""
        found = None if reference.path else _BUILT_IN.get(reference.name)
        return found(self) if found else None

    @property
    def rate_interval_seconds(self) -> float:
        """Value of ``$__rate_interval``. Source: ``getRateIntervalScopedVariable``."""
        return max(self.interval_seconds + self.scrape_seconds, 4 * self.scrape_seconds)

    def url_time_range(self) -> str:
        """Return the time range as URL parameters."""
        return urlencode({"from": self.time.raw_from, "to": self.time.raw_to})

    def url_variables(self) -> str:
        """Return the dashboard's variables as URL parameters."""
        return "&".join(_parameter(name, value) for name, value in self.variables.items())

    def _substitute(self, text: str, default: Callable[[Value], str]) -> str:
        def value_of(reference: Reference) -> str | None:
            if (found := self.built_in(reference)) is not None:
                return found
            if (value := self._value(reference)) is None:
                return None
            if reference.format == "queryparam":
                return _parameter(reference.name, value)
            return _FORMATS.get(reference.format, default)(value)

        return substitute(text, value_of)

    def _value(self, reference: Reference) -> Value | None:
        if reference.name in self.variables:
            return self.variables[reference.name]
        if reference.name not in self.data:
            return None
        found = _at_path(self.data[reference.name], reference.path)
        return Value(values=("" if found is None else str(found),))


_BUILT_IN: Final[Mapping[str, Callable[[Scope], str]]] = {
    "__from": lambda scope: str(round(scope.time.start * 1000)),
    "__to": lambda scope: str(round(scope.time.end * 1000)),
    "__interval": lambda scope: duration(scope.interval_seconds),
    "__interval_ms": lambda scope: str(round(scope.interval_seconds * 1000)),
    "__rate_interval": lambda scope: duration(scope.rate_interval_seconds),
    "__rate_interval_ms": lambda scope: str(round(scope.rate_interval_seconds * 1000)),
    "__range": lambda scope: f"{max(round(scope.time.seconds), 1)}s",
    "__range_s": lambda scope: str(max(round(scope.time.seconds), 1)),
    "__range_ms": lambda scope: str(round(scope.time.seconds * 1000)),
    "__url_time_range": Scope.url_time_range,
    "__all_variables": Scope.url_variables,
}


def _at_path(value: object, path: str) -> object:
    """Return the entry of nested mappings at a dotted *path*; keys may be ``["quoted"]``."""
    for key in re.findall(r"\[\"([^\"]+)\"\]|([^.\[\]\"]+)", path):
        value = value.get(key[0] or key[1]) if isinstance(value, Mapping) else None
    return value


def _promql(value: Value) -> str:
    if value.verbatim:
        return value.values[0]
    if not value.several:
        return _string(value.values[0] if value.values else "")
    return _alternatives([_string(_pattern(one)) for one in value.values])


def _pattern(text: str) -> str:
    """Return a pattern that matches only *text*."""
    return _PROMQL_SPECIAL.sub(lambda found: "\\" + found[0], text)


def _string(text: str) -> str:
    """Escape *text* for a PromQL string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _alternatives(patterns: Sequence[str]) -> str:
    return patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"


def _text(value: Value) -> str:
    return " + ".join(value.texts or value.values)


def _regex(value: Value) -> str:
    if value.verbatim:
        return value.values[0]
    return _alternatives([_pattern(one) for one in value.values] or [""])


def _percent_encoded(value: Value) -> str:
    several = len(value.values) != 1
    return quote(f"{{{','.join(value.values)}}}" if several else value.values[0], safe="")


def _parameter(name: str, value: Value) -> str:
    values = (ALL,) if value.everything else value.values
    return "&".join(f"var-{quote(name)}={quote(one, safe='')}" for one in values)


_FORMATS: Final[Mapping[str, Callable[[Value], str]]] = {
    "raw": lambda value: ",".join(value.values),
    "pipe": lambda value: "|".join(value.values),
    "text": _text,
    "percentencode": _percent_encoded,
    "regex": _regex,
}
"""Supported formats, besides ``queryparam``; another format is ignored."""
