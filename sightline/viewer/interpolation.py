"""Variables in queries, titles and links, filled in as Grafana fills them.

Source: Grafana documentation, "Variable syntax" and "Global variables"; grafana-prometheus
``interpolateQueryExpr`` for the default in PromQL.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from sightline.viewer.timerange import TimeRange, duration_text

ALL: Final = "$__all"

_REFERENCE: Final = re.compile(
    r"\$(?P<bare>\w+)|\[\[(?P<old>\w+)(?::(?P<oldformat>\w+))?\]\]"
    r"|\$\{(?P<braced>\w+)(?:\.(?P<path>[^:}]+))?(?::(?P<format>[^}]+))?\}"
)
_PROMQL_SPECIAL: Final = re.compile(r"[\\$^*{}\[\]'+?.()|]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a variable stands for."""

    values: tuple[str, ...]
    texts: tuple[str, ...] = ()
    """What the reader sees for each value; the values themselves when empty."""
    several: bool = False
    """Whether the variable may hold more than one value: then PromQL sees a pattern."""
    verbatim: bool = False
    """Whether the value is a pattern already: ``allValue``."""
    everything: bool = False
    """Whether the reader chose All."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Everything a reference can mean."""

    time: TimeRange
    variables: Mapping[str, Value] = field(default_factory=dict)
    interval_seconds: float = 1.0
    scrape_seconds: float = 2.0
    data: Mapping[str, Any] = field(default_factory=dict)
    """Of a data link: ``__field``, ``__value``, ``__data`` and the like, nested."""

    def at(self, interval_seconds: float) -> Self:
        """The same scope for a panel whose points are *interval_seconds* apart."""
        return replace(self, interval_seconds=interval_seconds)

    def with_data(self, data: Mapping[str, Any]) -> Self:
        """The same scope for a link of one value."""
        return replace(self, data=data)

    def promql(self, text: str) -> str:
        """*text* as PromQL: several values become an escaped pattern."""
        return self._fill(text, _promql)

    def plain(self, text: str) -> str:
        """*text* for people."""
        return self._fill(text, lambda value: " + ".join(value.texts or value.values))

    def glob(self, text: str) -> str:
        """*text* as other data sources see it: ``{a,b}`` for several values."""
        return self._fill(text, _FORMATS["glob"])

    def url(self, text: str) -> str:
        """*text* as a link: what is filled in is percent-encoded."""
        return self._fill(text, _FORMATS["percentencode"])

    def query_string(self) -> str:
        """Every variable and the time range, as a dashboard's URL carries them."""
        return "&".join(filter(None, (self._all_variables(), self._time_range())))

    def _fill(self, text: str, default: Callable[[Value], str]) -> str:
        def one(found: re.Match[str]) -> str:
            name = found["bare"] or found["old"] or found["braced"]
            style = found["format"] or found["oldformat"] or ""
            answer = self._global(name, found["path"] or "", style)
            if answer is not None:
                return answer
            if (given := self._value(name, found["path"] or "")) is None:
                return found[0]
            return (
                _FORMATS.get(style, default)(given)
                if style != "queryparam"
                else _param(name, given)
            )

        return _REFERENCE.sub(one, text)

    def _value(self, name: str, path: str) -> Value | None:
        if name in self.variables:
            return self.variables[name]
        found = _reach(self.data.get(name), path)
        return None if found is None else Value(values=(str(found),))

    def _global(self, name: str, path: str, style: str) -> str | None:
        if name in {"__from", "__to"}:
            return _moment(self.time.start if name == "__from" else self.time.end, style)
        words: dict[str, Callable[[], str]] = {
            "__interval": lambda: duration_text(self.interval_seconds),
            "__interval_ms": lambda: str(round(self.interval_seconds * 1000)),
            "__rate_interval": lambda: duration_text(self._rate_seconds()),
            "__rate_interval_ms": lambda: str(round(self._rate_seconds() * 1000)),
            "__range": lambda: f"{max(round(self.time.seconds), 1)}s",
            "__range_s": lambda: str(max(round(self.time.seconds), 1)),
            "__range_ms": lambda: str(round(self.time.seconds * 1000)),
            "__url_time_range": self._time_range,
            "__all_variables": self._all_variables,
        }
        return words[name]() if name in words and not path else None

    def _rate_seconds(self) -> float:
        """Source: grafana-prometheus, ``getRateIntervalScopedVariable``."""
        return max(self.interval_seconds + self.scrape_seconds, 4 * self.scrape_seconds)

    def _time_range(self) -> str:
        return urlencode({"from": self.time.raw_from, "to": self.time.raw_to})

    def _all_variables(self) -> str:
        return "&".join(_param(name, value) for name, value in self.variables.items())


def _reach(value: object, path: str) -> object:
    """The entry of nested mappings at a dotted *path*; quoted keys in brackets count too."""
    for key in re.findall(r"\[\"([^\"]+)\"\]|([^.\[\]\"]+)", path):
        value = value.get(key[0] or key[1]) if isinstance(value, Mapping) else None
    return value


def _moment(seconds: float, style: str) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    match style:
        case "date" | "date:iso":
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "date:seconds":
            return str(int(seconds))
    return str(round(seconds * 1000))


def _promql(value: Value) -> str:
    if value.verbatim:
        return value.values[0]
    if not value.several:
        return _string(value.values[0] if value.values else "")
    return _alternatives([_string(_pattern(one)) for one in value.values])


def _pattern(text: str) -> str:
    """A pattern that matches *text* only."""
    return _PROMQL_SPECIAL.sub(lambda found: "\\" + found[0], text)


def _string(text: str) -> str:
    """*text* inside a PromQL string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _alternatives(patterns: Sequence[str]) -> str:
    return patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"


def _joined(separator: str, quoted: Callable[[str], str] = str) -> Callable[[Value], str]:
    return lambda value: separator.join(quoted(one) for one in value.values)


def _quoted(text: str, mark: str, escaped: str) -> str:
    return mark + text.replace(mark, escaped) + mark


def _param(name: str, value: Value) -> str:
    values = (ALL,) if value.everything else value.values
    return "&".join(f"var-{quote(name)}={quote(one, safe='')}" for one in values)


def _glob(value: Value) -> str:
    return value.values[0] if len(value.values) == 1 else f"{{{','.join(value.values)}}}"


_FORMATS: Final[Mapping[str, Callable[[Value], str]]] = {
    "raw": _joined(","),
    "csv": _joined(","),
    "pipe": _joined("|"),
    "text": lambda value: " + ".join(value.texts or value.values),
    "json": lambda value: json.dumps(
        list(value.values) if value.several else "".join(value.values)
    ),
    "glob": _glob,
    "doublequote": _joined(",", lambda one: _quoted(one, '"', '\\"')),
    "singlequote": _joined(",", lambda one: _quoted(one, "'", "\\'")),
    "sqlstring": _joined(",", lambda one: _quoted(one, "'", "''")),
    "percentencode": lambda value: quote(_glob(value), safe=""),
    "uriencode": lambda value: quote(_glob(value), safe=""),
    "regex": lambda value: (
        value.values[0]
        if value.verbatim
        else _alternatives([_pattern(one) for one in value.values] or [""])
    ),
}
