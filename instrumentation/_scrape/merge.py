"""Adding up what several workers counted."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from typing import Any, Final

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar

from instrumentation._scrape.pauses import with_pauses
from instrumentation._scrape.snapshot import Example, Examples, Family, Series, Snapshot

SMALLEST: Final = frozenset({"process_start_time_seconds"})
"""Gauges of which the least one holds for all, beside those whose mode says so."""

LARGEST: Final = frozenset({"process_memory_limit_bytes", "python_info"})
"""Gauges that every worker states alike, as it does facts and states; all else adds up."""

GROWING: Final = frozenset({"counter", "histogram", "summary"})
"""Types of what only ever grows."""

Combine = Callable[[float, float], float]

Sums = dict[tuple[Any, ...], list[Any]]
"""Value and exemplar by name and labels of the sample."""


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """All workers' families as one."""
    said = list(snapshots)
    modes = {name: mode for one in said for name, mode in one.modes.items()}
    nothing: dict[str, Family] = {}
    histograms = reduce(_both, (one.histograms for one in said), nothing)
    return Snapshot(histograms, list(_others(said, modes)), modes)


def lasting(said: Snapshot) -> Snapshot:
    """What a worker that is gone still counts with: it has no requests in flight any more."""
    return Snapshot(said.histograms, [one for one in said.others if one.type in GROWING], {})


def _both(some: dict[str, Family], more: dict[str, Family]) -> dict[str, Family]:
    together = {name: _family(some[name], more[name]) for name in some.keys() & more.keys()}
    return {**some, **more, **together}


def _family(one: Family, other: Family) -> Family:
    if one.bounds != other.bounds:  # a new release reloads worker after worker
        bounds = sorted({*one.bounds, *other.bounds})
        one, other = _spread(one, bounds), _spread(other, bounds)
    series = dict(one.series)
    for labels, more in with_pauses(other.series.items()):
        known = series.get(labels)
        series[labels] = more if known is None else _series(known, more)
    return Family(one.help, one.bounds, series)


def _series(one: Series, other: Series) -> Series:
    counts = list(map(operator.add, one.counts, other.counts))
    return Series(counts, one.sum + other.sum, _newest(one.examples, other.examples))


def _newest(some: Examples, more: Examples) -> Examples:
    if not some or not more:
        return some or more
    return [_newer(one, other) for one, other in zip(some, more, strict=True)]


def _newer(one: Example | None, other: Example | None) -> Example | None:
    if one is None or other is None:
        return one or other
    return one if one[0] >= other[0] else other


def _spread(family: Family, bounds: list[float]) -> Family:
    """*family* with more buckets: each count stays where it is."""
    places = [bounds.index(bound) for bound in family.bounds]

    def spread(found: list[Any], empty: object) -> list[Any]:
        at = dict(zip(places, found, strict=True)) if found else {}
        return [at.get(place, empty) for place in range(len(bounds))] if found else []

    series = {
        labels: Series(spread(one.counts, 0.0), one.sum, spread(one.examples, None))
        for labels, one in family.series.items()
    }
    return Family(family.help, bounds, series)


def _others(said: Iterable[Snapshot], modes: Mapping[str, str]) -> Iterator[Metric]:
    families: dict[str, Metric] = {}
    sums: dict[str, Sums] = {}
    for metric in (metric for one in said for metric in one.others):
        families.setdefault(metric.name, metric)
        _add(sums.setdefault(metric.name, {}), metric, _combine(metric, modes.get(metric.name)))
    for name, metric in families.items():
        total = Metric(name, metric.documentation, metric.type, metric.unit)
        for (sample, *labels), (value, exemplar) in sums[name].items():
            total.add_sample(sample, dict(labels), value, exemplar=exemplar)
        yield total


def _add(sums: Sums, metric: Metric, combine: Combine) -> None:
    for sample in metric.samples:
        key = (sample.name, *sample.labels.items())
        if key not in sums:
            sums[key] = [sample.value, sample.exemplar]
            continue
        value, exemplar = sums[key]
        sums[key] = [combine(value, sample.value), _later(exemplar, sample.exemplar)]


def _combine(metric: Metric, mode: str | None) -> Combine:
    if metric.name in SMALLEST or mode in {"min", "livemin"}:
        return min
    stated = metric.name in LARGEST or metric.type in {"info", "stateset"}
    return max if stated or mode in {"max", "livemax"} else operator.add


def _later(one: Exemplar | None, other: Exemplar | None) -> Exemplar | None:
    both = [found for found in (one, other) if found is not None]
    return max(both, key=lambda found: float(found.timestamp or 0), default=None)
