"""Increments and observations whose parts are looked up once, not on every call.

The functions of the hot path call ``acquire()`` and ``release()`` of a lock: a ``with`` statement
takes twice as long. Only this package and ``_scrape/snapshot.py`` read private fields of
prometheus_client's metrics. A test compares the results with those of the public API.
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
"""Minimum interval between two exemplars of a bucket: a scrape reads only the last one."""


def bound_increment(child: Counter | Gauge, amount: float) -> Callable[[], None]:
    """Return a function that adds *amount* to *child*."""
    return _bound_increment(child._value, amount)


def _bound_increment(cell: Any, amount: float) -> Callable[[], None]:
    if type(cell) is not MutexValue:
        return partial(cell.inc, amount)  # a value in a file, by PROMETHEUS_MULTIPROC_DIR
    acquire, release = cell._lock.acquire, cell._lock.release

    def add() -> None:
        acquire()
        try:
            cell._value += amount
        finally:
            release()

    return add


def bound_observer(child: Histogram) -> "Observer":
    """Return the observer of *child*, a histogram or one label set of it."""
    value = child._sum
    if type(value) is not MutexValue:
        return Observer(child)
    return SingleLockObserver(child)


def bound_pair(first: "Observer", second: "Observer") -> Callable[[float, float], int]:
    """Return a function that observes one value in each of two histograms.

    The function returns the index of the bucket in *first*.
    """
    if (
        isinstance(first, SingleLockObserver)
        and isinstance(second, SingleLockObserver)
        and first.lock is second.lock
    ):
        return _single_lock_pair(first, second)

    def observe(value: float, second_value: float) -> int:
        second.observe(second_value)
        return first.observe(value)

    return observe


def _single_lock_pair(
    first: "SingleLockObserver", second: "SingleLockObserver"
) -> Callable[[float, float], int]:
    acquire, release = first.lock.acquire, first.lock.release
    bounds, buckets, total = first.bounds, first.buckets, first.total
    second_bounds, second_buckets, second_total = second.bounds, second.buckets, second.total

    def observe(value: float, second_value: float) -> int:
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
        return index

    return observe


class Observer:
    """One child of a histogram, with its parts bound once."""

    __slots__ = ("_add", "_count", "_exemplar_due_at", "_set_exemplar", "bounds")

    def __init__(self, child: Histogram) -> None:
        self.bounds = tuple(child._upper_bounds)
        self._add = child._sum.inc
        self._count = tuple(bucket.inc for bucket in child._buckets)
        self._set_exemplar = tuple(bucket.set_exemplar for bucket in child._buckets)
        self._exemplar_due_at = [0.0] * len(self.bounds)

    def observe(self, value: float) -> int:
        """Count *value* and return the index of its bucket."""
        bucket = bisect_left(self.bounds, value)
        self._add(value)
        self._count[bucket](1)
        return bucket

    def observe_in(self, span: SpanContext, value: float) -> None:
        """Count *value*; *span* becomes the exemplar if it is sampled and one is due."""
        if span.trace_flags & 1:
            self.observe_with_exemplar(value, span, perf_counter())
        else:
            self.observe(value)

    def observe_with_exemplar(self, value: float, span: SpanContext, now: float) -> None:
        """Count *value*; *span* becomes the exemplar of its bucket if one is due.

        Args:
            value: In the unit of the metric.
            span: A sampled span: no backend stores the others.
            now: Seconds of a monotonic clock.
        """
        self.set_exemplar(self.observe(value), value, span, now)

    def set_exemplar(self, bucket: int, value: float, span: SpanContext, now: float) -> None:
        """Make *span* the exemplar of *value* in *bucket* if one is due; see above."""
        if now >= self._exemplar_due_at[bucket]:
            self._exemplar_due_at[bucket] = now + EXEMPLAR_INTERVAL_SECONDS
            labels = {TRACE_ID: f"{span.trace_id:032x}", SPAN_ID: f"{span.span_id:016x}"}
            self._set_exemplar[bucket](Exemplar(labels, value, time()))


class SingleLockObserver(Observer):
    """Observer of values in memory, whose sum and buckets share one lock.

    The lock is that of `_metrics.registry.Registry`, or in another registry that of the sum.
    """

    __slots__ = ("buckets", "lock", "total")

    def __init__(self, child: Histogram) -> None:
        super().__init__(child)
        self.total: Any = child._sum
        self.buckets: list[Any] = child._buckets
        self.lock = self.total._lock
        for value in (self.total, *self.buckets):
            value._lock = self.lock

    def observe(self, value: float) -> int:
        """Count *value* and return the index of its bucket."""
        index = bisect_left(self.bounds, value)
        bucket = self.buckets[index]
        with self.lock:
            self.total._value += value
            bucket._value += 1
        return index
