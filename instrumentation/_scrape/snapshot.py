"""What registries hold at one moment: to be written as text, told to siblings, added up.

Histograms are nearly all of a scrape. Theirs are plain numbers here, read without
prometheus_client, which would make an object of every line; all else is left to it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from instrumentation._scrape.pauses import with_pauses
from instrumentation._support.guard import Operation

Example = tuple[float, str]
"""An exemplar: when it was seen, and how it stands behind its line."""

Examples = list[Example | None]
"""By bucket; empty: none has any."""


class Series(NamedTuple):
    """One label set of a histogram."""

    counts: list[float]
    """By bucket, each without those below it."""
    sum: float
    examples: Examples


class Family(NamedTuple):
    """A histogram."""

    help: str
    bounds: list[float]
    """The upper end of each bucket; the last one is infinite."""
    series: dict[str, Series]
    """By labels, as they stand between the braces."""


class Snapshot(NamedTuple):
    """All families of a process, or of several added up."""

    histograms: dict[str, Family]
    """By name."""
    others: list[Metric]
    modes: dict[str, str]
    """How gauges of several workers are one, by name, in prometheus_client's words."""


class Samples:
    """Takes snapshots of registries; remembers what the series are called from one to the next.

    A family that several registries have, as every process has ``process_cpu_seconds``, is the
    first one's.

    Args:
        registries: What to read.
        reading: A collector of the service's that fails costs itself alone, under this.
    """

    def __init__(self, *registries: CollectorRegistry, reading: Operation) -> None:
        self._registries = registries
        self._reading = reading
        self._known: WeakKeyDictionary[Any, _Known] = WeakKeyDictionary()

    def snapshot(self) -> Snapshot:
        """What the registries hold now."""
        histograms: dict[str, Family] = {}
        others: dict[str, Metric] = {}
        modes: dict[str, str] = {}
        for collector in self._collectors():
            if type(collector) is Histogram:
                name = collector._name  # noqa: SLF001  see _metrics/histogram.py
                histograms.setdefault(name, self._family(collector))
                continue
            with self._reading:
                for metric in list(collector.collect()):
                    others.setdefault(metric.name, _without_creation(metric))
            if type(collector) is Gauge:
                modes[collector._name] = collector._multiprocess_mode  # noqa: SLF001  as above
        return Snapshot(histograms, list(others.values()), modes)

    def _collectors(self) -> Iterator[Collector]:
        for registry in self._registries:
            with registry._lock:  # noqa: SLF001  the registry has no public list
                collectors = list(registry._collector_to_names)  # noqa: SLF001  as above
            yield from collectors

    def _family(self, histogram: Histogram) -> Family:
        series: dict[str, Series] = {}
        for child in with_pauses(_children(histogram)):
            known = self._known.get(child)
            if known is None:
                known = self._known[child] = _Known(child)
            series[known.labels] = known.series(child)
        return Family(histogram._documentation, histogram._upper_bounds, series)  # noqa: SLF001  as above


class _Known:
    """What stays the same in a child from scrape to scrape: its labels, most of its exemplars."""

    __slots__ = ("_examples", "_exemplars", "labels")

    def __init__(self, child: Any) -> None:  # noqa: ANN401  of prometheus_client
        pairs = sorted(zip(child._labelnames, child._labelvalues, strict=True))  # noqa: SLF001  as above
        self.labels = ",".join(f'{name}="{escaped(printable(value))}"' for name, value in pairs)
        self._exemplars: list[Exemplar | None] = [None] * len(child._buckets)  # noqa: SLF001  as above
        self._examples: Examples = []

    def series(self, child: Any) -> Series:  # noqa: ANN401  as above
        """Its numbers now; reading a float needs no lock, and so no request waits."""
        buckets = child._buckets  # noqa: SLF001  as above
        exemplars = [getattr(bucket, "_exemplar", None) for bucket in buckets]
        if exemplars != self._exemplars:
            self._show(exemplars)
        counts = [bucket._value for bucket in buckets]  # noqa: SLF001  as above
        return Series(counts, child._sum._value, self._examples)  # noqa: SLF001  as above

    def _show(self, exemplars: list[Exemplar | None]) -> None:
        shown = self._examples or [None] * len(exemplars)
        both = zip(exemplars, self._exemplars, shown, strict=True)
        self._examples = [
            text if now is before else now and _example(now) for now, before, text in both
        ]
        self._exemplars = exemplars


def _children(family: Histogram) -> list[Any]:
    if not family._labelnames:  # noqa: SLF001  as above
        return [family]
    with family._lock:  # noqa: SLF001  as above
        return list(family._metrics.values())  # noqa: SLF001  as above


def _without_creation(metric: Metric) -> Metric:
    """*metric* without series of creation times: they double the counters, unread."""
    creation = f"{metric.name}_created"
    metric.samples = [sample for sample in metric.samples if sample.name != creation]
    return metric


def _example(exemplar: Exemplar) -> Example:
    labels = ",".join(
        f'{name}="{escaped(printable(value))}"' for name, value in exemplar.labels.items()
    )
    seen = exemplar.timestamp
    return float(seen or 0), f" # {{{labels}}} {exemplar.value} {seen}"


def escaped(value: str, *, quotes: bool = True) -> str:
    """*value* as it stands in a line; in a help text quotes are left alone."""
    text = value.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quotes else text


def printable(value: str) -> str:
    r"""*value* as UTF-8 can carry it: half a surrogate pair, which it cannot, is ``\udxxx``."""
    return value.encode("utf-8", "backslashreplace").decode()
