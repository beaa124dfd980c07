"""Sum of several workers' snapshots."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.metrics_core import Metric

from instrumentation._scrape.pauses import with_pauses
from instrumentation._scrape.snapshot import (
    BucketExemplar,
    BucketExemplars,
    Family,
    Series,
    Snapshot,
)
from instrumentation.conventions import PROCESS_MEMORY_LIMIT_BYTES

if TYPE_CHECKING:
    from prometheus_client.samples import Exemplar

MINIMUM_GAUGES: Final = frozenset({"process_start_time_seconds"})
"""Gauges merged by minimum, in addition to those whose mode is ``min`` or ``livemin``."""

MAXIMUM_GAUGES: Final = frozenset({PROCESS_MEMORY_LIMIT_BYTES, "python_info"})
"""Gauges that are equal in every worker and merged by maximum, as info and stateset are.
All others are summed."""

CUMULATIVE_TYPES: Final = frozenset({"counter", "histogram", "summary"})
"""Metric types that only increase."""

Combine = Callable[[float, float], float]

Sums = dict[tuple[Any, ...], list[Any]]
"""Value and exemplar by name and labels of the sample."""


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the sum of *snapshots*; the order does not matter."""
    taken = list(snapshots)
    modes = {name: mode for snapshot in taken for name, mode in snapshot.modes.items()}
    empty: dict[str, Family] = {}
    histograms = reduce(_merge_histograms, (snapshot.histograms for snapshot in taken), empty)
    return Snapshot(histograms, list(_merge_others(taken, modes)), modes)


def keep_cumulative(snapshot: Snapshot) -> Snapshot:
    """Return *snapshot* without gauges: an exited worker has no requests in flight."""
    others = [metric for metric in snapshot.others if metric.type in CUMULATIVE_TYPES]
    return Snapshot(snapshot.histograms, others, {})


def _merge_histograms(first: dict[str, Family], second: dict[str, Family]) -> dict[str, Family]:
    shared = {
        name: _merge_families(first[name], second[name]) for name in first.keys() & second.keys()
    }
    return {**first, **second, **shared}


def _merge_families(first: Family, second: Family) -> Family:
    if first.bounds != second.bounds:  # a rolling reload runs two releases side by side
        bounds = sorted({*first.bounds, *second.bounds})
        first, second = _with_bounds(first, bounds), _with_bounds(second, bounds)
    series = dict(first.series)
    for labels, added in with_pauses(second.series.items()):
        existing = series.get(labels)
        series[labels] = added if existing is None else _merge_series(existing, added)
    return Family(first.help, first.bounds, series)


def _merge_series(first: Series, second: Series) -> Series:
    counts = list(map(operator.add, first.counts, second.counts))
    exemplars = _newest_exemplars(first.exemplars, second.exemplars)
    return Series(counts, first.sum + second.sum, exemplars)


def _newest_exemplars(first: BucketExemplars, second: BucketExemplars) -> BucketExemplars:
    if not first or not second:
        return first or second
    return [_newer(left, right) for left, right in zip(first, second, strict=True)]


def _newer(first: BucketExemplar | None, second: BucketExemplar | None) -> BucketExemplar | None:
    if first is None or second is None:
        return first or second
    return first if first[0] >= second[0] else second


def _with_bounds(family: Family, bounds: list[float]) -> Family:
    """Return *family* with additional bucket *bounds*; each count keeps its upper bound."""
    places = [bounds.index(bound) for bound in family.bounds]

    def spread(values: list[Any], empty: object) -> list[Any]:
        at = dict(zip(places, values, strict=True)) if values else {}
        return [at.get(place, empty) for place in range(len(bounds))] if values else []

    series = {
        labels: Series(spread(one.counts, 0.0), one.sum, spread(one.exemplars, None))
        for labels, one in family.series.items()
    }
    return Family(family.help, bounds, series)


def _merge_others(snapshots: Iterable[Snapshot], modes: Mapping[str, str]) -> Iterator[Metric]:
    families: dict[str, Metric] = {}
    sums: dict[str, Sums] = {}
    for metric in (metric for snapshot in snapshots for metric in snapshot.others):
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
        sums[key] = [combine(value, sample.value), _newest_exemplar(exemplar, sample.exemplar)]


def _combine(metric: Metric, mode: str | None) -> Combine:
    """Return the function that combines two workers' values of *metric*."""
    if metric.name in MINIMUM_GAUGES or mode in {"min", "livemin"}:
        return min
    equal = metric.name in MAXIMUM_GAUGES or metric.type in {"info", "stateset"}
    return max if equal or mode in {"max", "livemax"} else operator.add


def _newest_exemplar(first: Exemplar | None, second: Exemplar | None) -> Exemplar | None:
    present = [exemplar for exemplar in (first, second) if exemplar is not None]
    return max(present, key=lambda exemplar: float(exemplar.timestamp or 0), default=None)
