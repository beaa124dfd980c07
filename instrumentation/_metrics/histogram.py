"""Increments and observations whose parts are looked up once, not on every call.

The parts come from `_support.prometheus_client_access`, which falls back to the public API. A test
compares the results with those of the public API.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from time import perf_counter, time
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext
from prometheus_client.samples import Exemplar

from instrumentation._support import prometheus_client_access as access
from instrumentation.conventions import SPAN_ID, TRACE_ID

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

EXEMPLAR_INTERVAL_SECONDS = 1.0
"""Minimum interval between two exemplars of a bucket: a scrape reads only the last one."""

ObservePair = Callable[[float, float, SpanContext, float], None]
"""Observes a value with its span at a monotonic time, and a second value without."""


def bound_increment(child: Counter | Gauge, amount: float) -> Callable[[], None]:
    """Return a function that adds *amount* to *child*."""
    return access.fast_increment(child, amount) or partial(child.inc, amount)


def bound_observer(child: Histogram) -> Observer:
    """Return the observer of *child*, a histogram or one label set of it."""
    return DirectObserver(child) if access.has_cells(child) else PublicObserver(child)


def bound_pair(first: Observer, second: Observer) -> ObservePair:
    """Return a function that observes one value in each of two histograms.

    The span becomes the exemplar of the first value if it is sampled and one is due.
    """
    if (
        isinstance(first, DirectObserver)
        and isinstance(second, DirectObserver)
        and first.lock is second.lock
    ):
        return access.fast_observe_pair(first.cells, second.cells, first.lock, first.set_exemplar)

    def observe(value: float, second_value: float, span: SpanContext, now: float) -> None:
        second.observe(second_value)
        if span.trace_flags & 1:
            first.observe_with_exemplar(value, span, now)
        else:
            first.observe(value)

    return observe


def bound_first(first: Observer) -> ObservePair:
    """Return a function that observes the first value alone, with the arguments of a pair."""

    def observe(value: float, _second_value: float, span: SpanContext, now: float) -> None:
        if span.trace_flags & 1:
            first.observe_with_exemplar(value, span, now)
        else:
            first.observe(value)

    return observe


class Observer:
    """One child of a histogram, with its parts bound once."""

    __slots__ = ("_exemplar_due_at", "observe")

    observe: Callable[[float], object]
    """Counts a value."""

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
        raise NotImplementedError


class DirectObserver(Observer):
    """Observer of values in memory, whose sum and buckets share one lock.

    The lock is that of `_metrics.families.Registry`, or in another registry that of the sum.
    """

    __slots__ = ("_count", "_set_exemplar", "cells", "lock")

    def __init__(self, child: Histogram) -> None:
        self.cells = access.cells(child)
        self.lock = access.share_cell_lock(self.cells)
        self.observe = self._count = access.fast_observe(self.cells, self.lock)
        self._set_exemplar = tuple(bucket.set_exemplar for bucket in self.cells.buckets)
        self._exemplar_due_at = [0.0] * len(self.cells.bounds)

    def observe_with_exemplar(self, value: float, span: SpanContext, now: float) -> None:
        """See `Observer`."""
        self.set_exemplar(self._count(value), value, span, now)

    def set_exemplar(self, bucket: int, value: float, span: SpanContext, now: float) -> None:
        """Make *span* the exemplar of *value*, which *bucket* has counted, if one is due."""
        if now >= self._exemplar_due_at[bucket]:
            self._exemplar_due_at[bucket] = now + EXEMPLAR_INTERVAL_SECONDS
            self._set_exemplar[bucket](Exemplar(_labels(span), value, time()))


class PublicObserver(Observer):
    """Observer by the public API, for values in files and unknown releases of prometheus_client."""

    __slots__ = ("_bounds", "_observe")

    def __init__(self, child: Histogram) -> None:
        self._bounds = access.public_bounds(child)
        self.observe = self._observe = child.observe
        self._exemplar_due_at = [0.0] * len(self._bounds)

    def observe_with_exemplar(self, value: float, span: SpanContext, now: float) -> None:
        """See `Observer`."""
        bucket = bisect_left(self._bounds, value)
        if now < self._exemplar_due_at[bucket]:
            self._observe(value)
        else:
            self._exemplar_due_at[bucket] = now + EXEMPLAR_INTERVAL_SECONDS
            self._observe(value, _labels(span))


def _labels(span: SpanContext) -> dict[str, str]:
    return {TRACE_ID: f"{span.trace_id:032x}", SPAN_ID: f"{span.span_id:016x}"}
