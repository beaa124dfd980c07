"""Histograms in queries: classic ones, or native ones in their place.

A classic histogram has a series for each bucket, one of the sum and one of the count. A native
histogram is one series. Prometheus converts classic histograms if the scrape configuration has
``convert_classic_histograms_to_nhcb``; the bounds of the buckets and so the results are equal.
Source: https://prometheus.io/docs/specs/native_histograms/
"""

import re
from typing import Final, Literal

from instrumentation.conventions import METRICS

Kind = Literal["classic", "native"]
KINDS: Final[tuple[Kind, ...]] = ("classic", "native")

NAMES: Final = tuple(sorted(name for name, metric in METRICS.items() if metric.type == "histogram"))
"""Histograms of the instrumentation. Those of other programs stay as they are."""

_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_MATCHERS: Final = rf"(?:\{{(?:[^{{}}\"]|{_STRING})*\}})?"
_SERIES: Final = rf"(?<![:\w])({'|'.join(NAMES)})_(count|sum|bucket)({_MATCHERS})(?![:\w])"
_LISTED: Final = re.compile(rf"(?<=label_values\(){_SERIES}")
_VECTOR: Final = re.compile(
    rf"\b(increase|last_over_time|rate)\({_SERIES}(\[[^\]]*\](?: offset [\w$]+)?)\)"
    rf"|{_SERIES}((?: offset [\w$]+)?)"
)
_BOUND: Final = re.compile(rf",? ?\ble=~?({_STRING})")


def native(text: str) -> str:
    """Return the query *text*, or a template that contains queries, for native histograms.

    Aggregations may keep ``le`` among their labels, because native histograms do not have it.
    """
    return _VECTOR.sub(_replace, _LISTED.sub(r"\1\3", text))


def _replace(found: re.Match[str]) -> str:
    function, name, part, where, rest, *instant = found.groups()
    if function is None:
        name, part, where, rest = instant
    if part == "bucket" and (bound := _BOUND.search(where)):
        where = _BOUND.sub("", where).replace("{, ", "{").replace("{}", "")
        return _below(_upper(bound[1]), _vector(function, name, where, rest))
    vector = _vector(function, name, where, rest)
    return vector if part == "bucket" else f"histogram_{part}({vector})"


def _vector(function: str | None, name: str, where: str, rest: str) -> str:
    series = f"{name}{where}{rest}"
    return f"{function}({series})" if function else series


def _upper(pattern: str) -> str:
    """Return the bound of which *pattern* lists the spellings."""
    return pattern.strip('"').partition("|")[0].replace("\\", "")


def _below(bound: str, vector: str) -> str:
    """Return the observations up to *bound*: 0, not NaN, for a histogram without any."""
    count = f"histogram_count({vector})"
    return f"((histogram_fraction(0, {bound}, {vector}) >= 0) * {count} or 0 * {count})"
