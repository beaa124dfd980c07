"""Access to fields of prometheus_client that are not part of its public API.

The public API takes a lock for each value and creates an object for each line of a scrape. Only
this module uses private fields instead. Each fact is checked once at import, on objects of the
installed release. Where a check fails, callers use the public API: the same results, more slowly.
``tests/unit/instrumentation/test_renamed_fields.py`` runs with renamed fields.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, Final, cast

from opentelemetry.trace import SpanContext
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from prometheus_client.registry import Collector
    from prometheus_client.samples import Exemplar

_VALUES: Final[Any] = sys.modules.get("prometheus_client.values")
_MUTEX_VALUE: Final[Any] = getattr(_VALUES, "MutexValue", None)

_HOLDERS: Final = ("_value", "_sum", "_count")
"""Attributes that hold the value of a metric."""

_FIRST_WITH_EXPONENT: Final = 1e6

_NOT_FINITE: Final = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}

_PROBE_VALUE: Final = 0.5

SetExemplar = Callable[[int, float, SpanContext, float], None]
"""Makes a span the exemplar of a value: bucket, value, span and a monotonic time."""


Description = tuple[str, str, list[float]]
"""Fixed parts of a histogram: name, help and upper bounds."""


class Cells:
    """Parts of one label set of a histogram."""

    __slots__ = ("bounds", "buckets", "total")

    def __init__(self, child: Histogram) -> None:
        self.bounds = tuple(child._upper_bounds)
        """Upper bounds of the buckets; the last one is infinite."""
        self.total: Any = child._sum
        """Value of the sum."""
        self.buckets: list[Any] = child._buckets
        """Values of the buckets, not cumulative."""


def go_float(value: float) -> str:
    """Return *value* as prometheus_client writes it: with an exponent from a million upwards."""
    value = float(value)
    if not math.isfinite(value):
        return _NOT_FINITE[repr(value)]
    if value < _FIRST_WITH_EXPONENT:
        return repr(value)
    from decimal import Decimal

    mantissa, exponent = f"{Decimal(repr(value)):e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e+{int(exponent):02}"


format_float: Final[Callable[[float], str]] = getattr(
    sys.modules.get("prometheus_client.utils"), "floatToGoString", go_float
)
"""Return a number as prometheus_client writes it, so that the labels ``le`` are equal."""


def values_in_files() -> bool:
    """Return True when ``PROMETHEUS_MULTIPROC_DIR`` makes prometheus_client use files."""
    used = getattr(_VALUES, "ValueClass", None)
    return None not in {used, _MUTEX_VALUE} and used is not _MUTEX_VALUE


def has_value_fields(child: Counter | Gauge) -> bool:
    """Return True when the value of *child*, whose value is 1, is a number beside a lock."""
    try:
        cell = child._value
        return type(cell) is _MUTEX_VALUE and cell._value == 1 and hasattr(cell._lock, "acquire")
    except AttributeError:
        return False


def has_histogram_fields(family: Histogram) -> bool:
    """Return True when *family* has all fields that this module reads.

    Args:
        family: A new histogram with the bound 1 and the label ``label``, in no registry.
    """
    try:
        child = family.labels("value")
        child.observe(_PROBE_VALUE, {"id": "1"})
        with family._lock:
            children = list(family._metrics.values())
        counts, total, exemplars = read_series(child)
        locks = {type(value._lock) for value in (child._sum, *child._buckets)}
        return (
            children == [child]
            and describe(family) == ("probe", "Help.", [1.0, math.inf])
            and list(label_pairs(child)) == [("label", "value")]
            and (counts, total) == ([1.0, 0.0], _PROBE_VALUE)
            and [exemplar and exemplar.value for exemplar in exemplars] == [_PROBE_VALUE, None]
            and all(type(value) is _MUTEX_VALUE for value in (child._sum, *child._buckets))
            and all(hasattr(lock, "acquire") for lock in locks)
        )
    except (AttributeError, TypeError, IndexError):
        return False


def has_collector_fields(registry: CollectorRegistry) -> bool:
    """Return True when the collectors of *registry*, which is empty, can be listed."""
    try:
        with registry._lock:
            return not list(registry._collector_to_names)
    except (AttributeError, TypeError):
        return False


def describe(histogram: Histogram) -> Description:
    """Return the fixed parts of *histogram*. Needs `HISTOGRAM_FIELDS`."""
    return histogram._name, histogram._documentation, histogram._upper_bounds


def has_cells(child: Histogram) -> bool:
    """Return True when `cells` works for *child*, and its values are in memory."""
    return HISTOGRAM_FIELDS and type(child._sum) is _MUTEX_VALUE


def cells(child: Histogram) -> Cells:
    """Return the parts of *child*, one label set. Needs `has_cells`."""
    return Cells(child)


def children_of(histogram: Histogram) -> list[Histogram]:
    """Return the label sets of *histogram*. Needs `HISTOGRAM_FIELDS`."""
    if not histogram._labelnames:
        return [histogram]
    with histogram._lock:
        children: dict[Any, Any] = histogram._metrics
        return list(children.values())


def label_pairs(child: Histogram) -> Iterable[tuple[str, str]]:
    """Return names and values of the labels of *child*. Needs `HISTOGRAM_FIELDS`."""
    return zip(child._labelnames, child._labelvalues, strict=True)


def read_series(child: Histogram) -> tuple[list[float], float, list[Exemplar | None]]:
    """Return counts, sum and exemplars of *child*, without a lock: requests never wait for it.

    Needs `HISTOGRAM_FIELDS`.
    """
    buckets = child._buckets
    counts = [bucket._value for bucket in buckets]
    return counts, child._sum._value, [getattr(bucket, "_exemplar", None) for bucket in buckets]


def public_bounds(child: Histogram) -> tuple[float, ...]:
    """Return the upper bounds of *child*, one label set, as its samples have them."""
    samples = [sample for metric in child.collect() for sample in metric.samples]
    return tuple(float(sample.labels["le"]) for sample in samples if "le" in sample.labels)


def fast_increment(child: Counter | Gauge, amount: float) -> Callable[[], None] | None:
    """Return a function that adds *amount* to *child*; None without access to its value."""
    cell: Any = child._value if VALUE_FIELDS else None
    if type(cell) is not _MUTEX_VALUE:
        return None
    acquire, release = cell._lock.acquire, cell._lock.release

    def add() -> None:
        acquire()
        try:
            cell._value += amount
        finally:
            release()

    return add


def share_cell_lock(parts: Cells) -> Any:
    """Make all buckets use the lock of the sum, and return it."""
    lock = parts.total._lock
    for bucket in parts.buckets:
        bucket._lock = lock
    return lock


def fast_observe(parts: Cells, lock: Any) -> Callable[[float], int]:
    """Return a function that counts a value in *parts* and returns the index of its bucket.

    Args:
        parts: Parts that all use *lock*.
        lock: See above.
    """
    bounds, total, buckets = parts.bounds, parts.total, parts.buckets

    def observe(value: float) -> int:
        index = bisect_left(bounds, value)
        bucket = buckets[index]
        with lock:
            total._value += value
            bucket._value += 1
        return index

    return observe


def fast_observe_pair(
    first: Cells, second: Cells, lock: Any, set_exemplar: SetExemplar
) -> Callable[[float, float, SpanContext, float], None]:
    """Return a function that counts one value in each of two histograms under one lock.

    Args:
        first: Parts of the histogram of the first value, which all use *lock*.
        second: Parts of the other histogram, likewise.
        lock: See above.
        set_exemplar: Called without the lock if the span is sampled.
    """
    acquire, release = lock.acquire, lock.release
    bounds, total, buckets = first.bounds, first.total, first.buckets
    second_bounds, second_total = second.bounds, second.total
    second_buckets = second.buckets

    def observe(value: float, second_value: float, span: SpanContext, now: float) -> None:
        index = bisect_left(bounds, value)
        bucket = buckets[index]
        second_bucket = second_buckets[bisect_left(second_bounds, second_value)]
        acquire()
        try:
            total._value += value
            bucket._value += 1
            second_total._value += second_value
            second_bucket._value += 1
        finally:
            release()
        if span.trace_flags & 1:
            set_exemplar(index, value, span, now)

    return observe


def collectors_of(registry: CollectorRegistry) -> list[Collector]:
    """Return the collectors of *registry*, or *registry* itself, which collects all of them.

    A failing collector hides the later ones of a registry that is read as one collector.
    """
    if not COLLECTOR_FIELDS:
        return [cast("Collector", registry)]
    with registry._lock:
        return list(registry._collector_to_names)


def multiprocess_mode(gauge: Gauge) -> str:
    """Return the ``multiprocess_mode`` of *gauge*, or the default if it is unknown."""
    return str(getattr(gauge, "_multiprocess_mode", "all"))


class _Children(dict[Hashable, Any]):
    """Children of a metric, which get the shared lock when they are added."""

    def __init__(self, lock: Any, children: dict[Any, Any]) -> None:
        super().__init__()
        self._lock = lock
        for labels, child in children.items():
            self[labels] = child

    def __setitem__(self, labels: Hashable, child: Any) -> None:
        set_lock(child, self._lock)
        super().__setitem__(labels, child)


def set_lock(metric: Any, lock: Any) -> None:
    """Make *metric*, its values and its children use *lock*, as far as it has the known fields."""
    if hasattr(metric, "_lock"):
        metric._lock = lock
    if hasattr(metric, "_metrics"):
        metric._metrics = _Children(lock, metric._metrics)
    values = [getattr(metric, name, None) for name in _HOLDERS]
    for value in (*values, *getattr(metric, "_buckets", ())):
        if type(value) is _MUTEX_VALUE:
            value._lock = lock


class LockedRegistry(CollectorRegistry):
    """Registry that calls ``describe()`` or ``collect()`` of a new collector before any lock.

    Args:
        lock: Lock of the registry, instead of its own.
    """

    def __init__(self, lock: Any) -> None:
        super().__init__(auto_describe=True)
        self._lock = lock
        self._described: dict[int, list[str]] = {}

    def register(self, collector: Collector) -> None:
        """Add *collector*."""
        names: Callable[[Collector], list[str]] | None = getattr(super(), "_get_names", None)
        if names is None:
            super().register(collector)
            return
        self._described[id(collector)] = names(collector)
        try:
            super().register(collector)
        finally:
            self._described.pop(id(collector), None)

    def _get_names(self, collector: Collector) -> list[str]:
        return self._described[id(collector)]


def _probe_counter() -> Counter:
    counter = Counter("probe", "Help.", registry=None)
    counter.inc()
    return counter


VALUE_FIELDS: Final = not values_in_files() and has_value_fields(_probe_counter())
"""Values of counters and gauges can be increased directly."""

HISTOGRAM_FIELDS: Final = not values_in_files() and has_histogram_fields(
    Histogram("probe", "Help.", ["label"], buckets=[1.0], registry=None)
)
"""Parts of histograms can be read and increased directly."""

COLLECTOR_FIELDS: Final = has_collector_fields(CollectorRegistry())
"""Collectors of a registry can be listed."""
