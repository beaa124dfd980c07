"""Content of registries at one moment: rendered as text, sent to sibling workers, merged.

Histograms are most of a scrape. They are read as plain numbers if the installed prometheus_client
has the fields for it. Everything else is read through its public API, with an object for each line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Gauge, Histogram

from instrumentation._scrape.pauses import with_pauses
from instrumentation._support import prometheus_client_access as access

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector
    from prometheus_client.samples import Exemplar

    from instrumentation._support.guard import Operation

BucketExemplar = tuple[float, str]
"""Time of an exemplar in seconds since 1970, and its rendered text."""

BucketExemplars = list[BucketExemplar | None]
"""Exemplars by bucket; empty when no bucket has one."""


class Series(NamedTuple):
    """One label set of a histogram."""

    counts: list[float]
    """Counts by bucket, not cumulative."""
    sum: float
    exemplars: BucketExemplars


class Family(NamedTuple):
    """Histogram with all of its label sets."""

    help: str
    bounds: list[float]
    """Upper bounds of the buckets; the last one is infinite."""
    series: dict[str, Series]
    """By labels, rendered as between the braces of a sample."""


class Snapshot(NamedTuple):
    """All families of one process, or the sum over several."""

    histograms: dict[str, Family]
    """By name."""
    others: list[Metric]
    modes: dict[str, str]
    """``multiprocess_mode`` of gauges by name: how the values of several workers are combined."""


class RegistryReader:
    """Reader of snapshots, which caches the rendered labels and exemplars between scrapes.

    A family that several registries have, like ``process_cpu_seconds``, is taken from the first.

    Args:
        registries: Registries to read.
        operation: Contains the errors of one collector, so that the others are still read.
    """

    def __init__(self, *registries: CollectorRegistry, operation: Operation) -> None:
        self._registries = registries
        self._operation = operation
        self._cache: WeakKeyDictionary[Histogram, _CachedSeries] = WeakKeyDictionary()

    def snapshot(self) -> Snapshot:
        """Read all registries; runs the collectors of the service in this thread."""
        histograms: dict[str, Family] = {}
        others: dict[str, Metric] = {}
        modes: dict[str, str] = {}
        for collector in self._collectors():
            if access.HISTOGRAM_FIELDS and type(collector) is Histogram:
                self._add_histogram(histograms, collector)
                continue
            with self._operation:
                for metric in list(collector.collect()):
                    others.setdefault(metric.name, _without_creation_times(metric))
                    if type(collector) is Gauge:
                        modes[metric.name] = access.multiprocess_mode(collector)
        return Snapshot(histograms, list(others.values()), modes)

    def _collectors(self) -> Iterator[Collector]:
        for registry in self._registries:
            yield from access.collectors_of(registry)

    def _add_histogram(self, histograms: dict[str, Family], histogram: Histogram) -> None:
        name, help_text, bounds = access.describe(histogram)
        series: dict[str, Series] = {}
        for child in with_pauses(access.children_of(histogram)):
            cached = self._cache.get(child)
            if cached is None:
                cached = self._cache[child] = _CachedSeries(child)
            series[cached.labels] = cached.read(child)
        histograms.setdefault(name, Family(help_text, bounds, series))


class _CachedSeries:
    """Rendered labels and exemplars of one child of a histogram."""

    __slots__ = ("_exemplars", "_rendered", "labels")

    def __init__(self, child: Histogram) -> None:
        self.labels = _render_labels(sorted(access.label_pairs(child)))
        self._exemplars: list[Exemplar | None] = []
        self._rendered: BucketExemplars = []

    def read(self, child: Histogram) -> Series:
        """Return the current numbers, without a lock: requests never wait for a scrape."""
        counts, total, exemplars = access.read_series(child)
        if exemplars != self._exemplars:
            self._render_changed(exemplars)
        return Series(counts, total, self._rendered)

    def _render_changed(self, exemplars: list[Exemplar | None]) -> None:
        none = [None] * len(exemplars)
        buckets = zip(exemplars, self._exemplars or none, self._rendered or none, strict=True)
        self._rendered = [
            text if now is before else now and _render_exemplar(now)
            for now, before, text in buckets
        ]
        self._exemplars = exemplars


def _without_creation_times(metric: Metric) -> Metric:
    """Remove the ``_created`` samples from *metric*: they double the counters, and go unused."""
    creation = f"{metric.name}_created"
    metric.samples = [sample for sample in metric.samples if sample.name != creation]
    return metric


def _render_exemplar(exemplar: Exemplar) -> BucketExemplar:
    labels = _render_labels(exemplar.labels.items())
    timestamp = exemplar.timestamp
    return float(timestamp or 0), f" # {{{labels}}} {exemplar.value} {timestamp}"


def _render_labels(pairs: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{escape(make_encodable(value))}"' for name, value in pairs)


def escape(value: str, *, quotes: bool = True) -> str:
    """Escape *value* for a sample line, or with ``quotes=False`` for a help line."""
    text = value.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quotes else text


def make_encodable(value: str) -> str:
    r"""Return *value* with lone surrogates, which UTF-8 cannot encode, written as ``\udxxx``."""
    return value.encode("utf-8", "backslashreplace").decode()
