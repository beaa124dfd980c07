"""Adding up what several workers counted."""

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from instrumentation._workers import Snapshot

SMALLEST: Final = frozenset({"process_start_time_seconds"})
"""Gauges of which the least one holds for all."""

LARGEST: Final = frozenset({"process_memory_limit_bytes", "python_info", "app_build"})
"""Gauges and facts that every worker states alike; all else adds up."""


class Merged(Collector):
    """All workers' families as one."""

    def __init__(self, snapshots: Callable[[], Iterable[Snapshot]]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        """Ask every worker, and add up."""
        families: dict[str, Metric] = {}
        samples: dict[str, dict[tuple[Any, ...], list[Any]]] = {}
        for said in self._snapshots():
            for name, kind, text, found in said:
                families.setdefault(name, Metric(name, text, kind))
                _add(samples.setdefault(name, {}), name, found)
        for name, family in families.items():
            for (sample, labels), (value, exemplar) in samples[name].items():
                family.add_sample(sample, dict(labels), value, exemplar=exemplar)
            yield family


def _add(sums: dict[tuple[Any, ...], list[Any]], family: str, found: list[Any]) -> None:
    combine = _combine(family)
    for sample, labels, value, exemplar in found:
        key = (sample, tuple(labels.items()))
        example = Exemplar(*exemplar) if exemplar else None
        if key not in sums:
            sums[key] = [value, example]
            continue
        sums[key] = [combine(sums[key][0], value), _newer(sums[key][1], example)]


def _combine(family: str) -> Callable[[float, float], float]:
    if family in SMALLEST:
        return min
    return max if family in LARGEST else operator.add


def _newer(one: Exemplar | None, other: Exemplar | None) -> Exemplar | None:
    both = [found for found in (one, other) if found is not None]
    return max(both, key=lambda found: float(found.timestamp or 0), default=None)
