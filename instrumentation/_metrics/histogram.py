"""Counting and observing without what prometheus_client repeats on every call.

Code on the way of every request acquires and releases locks by name: a ``with`` takes twice as
long. This module and ``_scrape/exposition.py`` alone use the internals of prometheus_client's
children. A test compares their results with the public ones.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from time import perf_counter, time
from typing import Any

from opentelemetry.trace import SpanContext
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.samples import Exemplar
from prometheus_client.values import MutexValue

from instrumentation.conventions import SPAN_ID, TRACE_ID

EXEMPLAR_INTERVAL_SECONDS = 1.0
"""Each bucket takes at most one exemplar in this time; a scrape sees only the last one anyway."""


def adding(child: Counter | Gauge, amount: float) -> Callable[[], None]:
    """What adds *amount* to *child* when called."""
    return _adding(child._value, amount)  # noqa: SLF001  see the module's docstring


def _adding(cell: Any, amount: float) -> Callable[[], None]:  # noqa: ANN401  of several classes
    if type(cell) is not MutexValue:
        return partial(cell.inc, amount)  # several workers: a value in a shared file
    acquire, release = cell._lock.acquire, cell._lock.release  # noqa: SLF001  as above

    def add() -> None:
        acquire()
        try:
            cell._value += amount  # noqa: SLF001  as above
        finally:
            release()

    return add


def observer(child: Histogram) -> "Observer":
    """Return the observer of *child*, a histogram or one label set of it."""
    value = child._sum  # noqa: SLF001  as above
    if type(value) is not MutexValue:
        return Observer(child)
    return LockedOnce(child)


def together(one: "Observer", other: "Observer") -> Callable[[float, float], int]:
    """What observes a value in each of two histograms; the bucket of the first."""
    if isinstance(one, LockedOnce) and isinstance(other, LockedOnce) and one.lock is other.lock:
        return _locked_together(one, other)

    def observe(first: float, second: float) -> int:
        other.observe(second)
        return one.observe(first)

    return observe


def _locked_together(one: "LockedOnce", other: "LockedOnce") -> Callable[[float, float], int]:
    acquire, release = one.lock.acquire, one.lock.release
    bounds, buckets, total = one.bounds, one.buckets, one.total
    other_bounds, other_buckets, other_total = other.bounds, other.buckets, other.total

    def observe(first: float, second: float) -> int:
        found = bisect_left(bounds, first)
        bucket = buckets[found]
        other_bucket = other_buckets[bisect_left(other_bounds, second)]
        acquire()
        try:
            total._value += first  # noqa: SLF001  as above
            bucket._value += 1  # noqa: SLF001  as above
            other_total._value += second  # noqa: SLF001  as above
            other_bucket._value += 1  # noqa: SLF001  as above
        finally:
            release()
        return found

    return observe


class Observer:
    """Observes one child of a histogram, its parts bound once."""

    __slots__ = ("_add", "_count", "_due", "_exemplify", "bounds")

    def __init__(self, child: Histogram) -> None:
        self.bounds = tuple(child._upper_bounds)  # noqa: SLF001  as above
        self._add = child._sum.inc  # noqa: SLF001  as above
        self._count = tuple(bucket.inc for bucket in child._buckets)  # noqa: SLF001  as above
        self._exemplify = tuple(bucket.set_exemplar for bucket in child._buckets)  # noqa: SLF001
        self._due = [0.0] * len(self.bounds)

    def observe(self, value: float) -> int:
        """Count *value*; the bucket it falls into."""
        bucket = bisect_left(self.bounds, value)
        self._add(value)
        self._count[bucket](1)
        return bucket

    def observe_in(self, span: SpanContext, value: float) -> None:
        """Count *value*, with *span* as its exemplar where that is sampled and due."""
        if span.trace_flags & 1:
            self.observe_with_exemplar(value, span, perf_counter())
        else:
            self.observe(value)

    def observe_with_exemplar(self, value: float, span: SpanContext, now: float) -> None:
        """Count *value* and, when its bucket is due, remember *span* as its exemplar.

        Args:
            value: In the unit of the metric.
            span: A sampled span; others would lead nowhere.
            now: Seconds on a clock that only runs forward.
        """
        self.exemplify(self.observe(value), value, span, now)

    def exemplify(self, bucket: int, value: float, span: SpanContext, now: float) -> None:
        """Remember *span* as the exemplar of *value* in *bucket*, when that is due; see above."""
        if now >= self._due[bucket]:
            self._due[bucket] = now + EXEMPLAR_INTERVAL_SECONDS
            labels = {TRACE_ID: f"{span.trace_id:032x}", SPAN_ID: f"{span.span_id:016x}"}
            self._exemplify[bucket](Exemplar(labels, value, time()))


class LockedOnce(Observer):
    """Observer of values in memory: the sum and the buckets share a lock, taken once.

    It is the lock of the registry (`_metrics/registry.py`), or in a registry of another kind the
    lock of the sum.
    """

    __slots__ = ("buckets", "lock", "total")

    def __init__(self, child: Histogram) -> None:
        super().__init__(child)
        self.total: Any = child._sum  # noqa: SLF001  as above
        self.buckets: list[Any] = child._buckets  # noqa: SLF001  as above
        self.lock = self.total._lock  # noqa: SLF001  as above
        for value in (self.total, *self.buckets):
            value._lock = self.lock  # noqa: SLF001  as above

    def observe(self, value: float) -> int:
        """Count *value*; the bucket it falls into."""
        found = bisect_left(self.bounds, value)
        bucket = self.buckets[found]
        with self.lock:
            self.total._value += value  # noqa: SLF001  as above
            bucket._value += 1  # noqa: SLF001  as above
        return found
