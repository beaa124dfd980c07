"""Options and values of dashboard variables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sightline.grafana import variable_queries
from sightline.grafana.dashboard import PROMETHEUS, Dashboard, Variable
from sightline.grafana.interpolation import ALL, Scope, Value
from sightline.grafana.matchers import pattern
from sightline.viewer.model.series import Series
from sightline.viewer.sources.prometheus import Prometheus

Choices = Mapping[str, Sequence[str]]
"""Values in a dashboard's URL by variable name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A selectable value."""

    value: str
    text: str


_SAMPLE: Final = "{labels} {value:g} {milliseconds:.0f}"
"""Format of a line of ``query_result``, to which a variable's regex is applied."""


async def scope_of(
    dashboard: Dashboard, chosen: Choices, scope: Scope, prometheus: Prometheus
) -> Scope:
    """Set every variable of *scope*: from the URL, else from the file's default.

    Raises:
        SourceError: The options of a variable set to All cannot be fetched.
    """
    for variable in dashboard.variables:
        value = await _value(variable, chosen.get(variable.name), scope, prometheus)
        scope = replace(scope, variables={**scope.variables, variable.name: value})
    return scope


async def options(variable: Variable, scope: Scope, prometheus: Prometheus) -> list[Option]:
    """Return the selectable values, without All.

    Raises:
        SourceError: Prometheus gave no usable answer.
    """
    match variable.kind:
        case "custom" | "interval":
            return list(_parse_custom(variable.query))
        case "datasource":
            return [Option(value=_uid(variable), text=_uid(variable).title())]
        case "query" if variable.source.type in {"", PROMETHEUS}:
            found = await _query_values(scope.promql(variable.query), scope, prometheus)
            return _sort(_apply_regex(found, variable.regex), variable.sort)
    return []


async def _value(
    variable: Variable, given: Sequence[str] | None, scope: Scope, prometheus: Prometheus
) -> Value:
    values = _allowed_values(variable, given) or variable.default
    several = variable.multi or variable.include_all
    if variable.kind in {"textbox", "constant"}:
        return Value(values=values or (variable.query,))
    if variable.kind == "datasource":
        return Value(values=(_uid(variable),))
    if ALL in values:
        return await _all_values(variable, scope, prometheus)
    if not values or values == ("",):
        found = await options(variable, scope, prometheus)
        values = tuple(one.value for one in found[:1])
    return Value(values=values, several=several)


def _allowed_values(variable: Variable, given: Sequence[str] | None) -> tuple[str, ...]:
    """Filter the values of the URL: All only if offered, several only if allowed."""
    values = tuple(one for one in given or () if one != ALL or variable.include_all)
    return values if variable.multi else values[:1]


async def _all_values(variable: Variable, scope: Scope, prometheus: Prometheus) -> Value:
    if variable.all_value:
        return Value(
            values=(variable.all_value,),
            texts=("All",),
            several=True,
            verbatim=True,
            everything=True,
        )
    found = await options(variable, scope, prometheus)
    values = tuple(one.value for one in found)
    return Value(values=values, texts=("All",), several=True, everything=True)


def _uid(variable: Variable) -> str:
    return next(iter(variable.default), "") or variable.query


def _parse_custom(query: str) -> Sequence[Option]:
    """Parse ``a, b : c`` as Grafana does: text before a colon, value after it."""
    parts = [part.replace("\\,", ",").strip() for part in re.split(r"(?<!\\),", query)]
    pairs = [re.match(r"(.+?)\s+:\s+(.+)", part) for part in parts]
    return [
        Option(text=pair[1], value=pair[2]) if pair else Option(text=part, value=part)
        for part, pair in zip(parts, pairs, strict=True)
        if part
    ]


async def _query_values(query: str, scope: Scope, prometheus: Prometheus) -> list[str]:
    start, end = scope.time.start, scope.time.end
    if found := variable_queries.LABEL_VALUES.fullmatch(query):
        return await prometheus.label_values(
            found["label"], (found["series"] or "").strip(), start=start, end=end
        )
    if found := variable_queries.LABEL_NAMES.fullmatch(query):
        return await prometheus.label_names(found["series"], start=start, end=end)
    if found := variable_queries.METRICS.fullmatch(query):
        names = await prometheus.label_values("__name__", "", start=start, end=end)
        return [name for name in names if pattern(found["pattern"]).search(name)]
    found = variable_queries.QUERY_RESULT.fullmatch(query)
    series = await prometheus.instant(found["expr"] if found else query, at=end)
    return [_line(one) for one in series]


def _line(series: Series) -> str:
    labels = {name: value for name, value in series.labels.items() if name != "__name__"}
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items())
    seconds, value = series.samples[-1]
    text = f"{series.labels.get('__name__', '')}{{{pairs}}}"
    return _SAMPLE.format(labels=text, value=value, milliseconds=seconds * 1000)


def _apply_regex(values: Sequence[str], regex: str) -> list[Option]:
    """Return the values that match *regex*, reduced to its group or groups `value` and `text`."""
    if not regex:
        return [Option(value=value, text=value) for value in dict.fromkeys(values)]
    found = [match for value in values if (match := pattern(regex).search(value))]
    picked: dict[str, str] = {}
    for match in found:
        named = match.groupdict()
        value = named.get("value") or (match[1] if match.re.groups else match[0])
        picked.setdefault(value, named.get("text") or value)
    return [Option(value=value, text=text) for value, text in picked.items() if value]


def _sort(found: list[Option], order: int) -> list[Option]:
    """Sort as in Grafana's ``sort``: odd ascending, even descending; 3, 4, 7 and 8 by number."""
    if order == 0:
        return found
    numeric = order in {3, 4, 7, 8}

    def key(option: Option) -> tuple[float, str]:
        number = re.search(r"-?\d+(\.\d+)?", option.text) if numeric else None
        return (float(number[0]) if number else 0.0), option.text.casefold()

    return sorted(found, key=key, reverse=order % 2 == 0)
