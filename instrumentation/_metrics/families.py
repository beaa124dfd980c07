"""Metrics of `conventions.METRICS` in a registry, with a limit on their label sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary

from instrumentation._metrics.histogram import (
    Observer,
    bound_first,
    bound_increment,
    bound_observer,
    bound_pair,
)
from instrumentation._support.fork import new_lock
from instrumentation._support.guard import safe_str
from instrumentation._support.prometheus_client_access import LockedRegistry, set_lock
from instrumentation.conventions import (
    HTTP_SERVER_ACTIVE_REQUESTS,
    HTTP_SERVER_REQUEST_BODY_SIZE_BYTES,
    HTTP_SERVER_REQUEST_DURATION_SECONDS,
    HTTP_SERVER_RESPONSE_BODY_SIZE_BYTES,
    KNOWN_METHODS,
    METRICS,
    OTHER_METHOD,
    OVERFLOW,
    SIGHTLINE_LABEL_SETS_OVERFLOWED,
    UNMATCHED_ROUTE,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client.registry import Collector


BODY_SIZES: Final = (
    HTTP_SERVER_REQUEST_BODY_SIZE_BYTES,
    HTTP_SERVER_RESPONSE_BODY_SIZE_BYTES,
)

UNHANDLED: Final = frozenset({"404", "405"})
"""Status codes of requests for which a route has no handler."""

Family = TypeVar("Family", Counter, Gauge, Histogram)
Child = TypeVar("Child")


def counter(name: str, registry: CollectorRegistry) -> Counter:
    """Create and register the counter *name* of `METRICS`."""
    metric = METRICS[name]
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def gauge(name: str, registry: CollectorRegistry) -> Gauge:
    """Create and register the gauge *name* of `METRICS`; the values of workers are summed."""
    metric = METRICS[name]
    return Gauge(
        metric.name, metric.help, metric.labels, registry=registry, multiprocess_mode="livesum"
    )


def histogram(name: str, registry: CollectorRegistry) -> Histogram:
    """Create and register the histogram *name* of `METRICS`."""
    metric = METRICS[name]
    return Histogram(
        metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets
    )


def info(name: str, registry: CollectorRegistry) -> Info:
    """Create and register the info metric *name* of `METRICS`."""
    metric = METRICS[name]
    return Info(metric.name, metric.help, registry=registry)


def make_encodable(value: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode: one would break every scrape."""
    return value.encode("utf-8", "replace").decode()


class BoundedChildren(Generic[Child]):
    """Children of a family by label values; past the limit, one overflow child.

    Args:
        create: Returns the child for the given label values.
        labels: Number of labels.
        limit: Label sets that get their own child.
        count_overflow: Called for each event that the overflow child counts.
    """

    def __init__(
        self,
        create: Callable[..., Child],
        *,
        labels: int,
        limit: int,
        count_overflow: Callable[[], None],
    ) -> None:
        self._create = create
        self._labels = labels
        self._limit = limit
        self._count_overflow = count_overflow
        self._lock = new_lock()
        self._overflow: Child | None = None
        self.children: dict[tuple[object, ...], Child] = {}
        """Fast path: look here before calling `child()`."""

    def child(self, *values: object) -> Child:
        """Return the child for *values*, creating it at first use."""
        found = self.children.get(values)
        return self._add(values) if found is None else found

    def _add(self, values: tuple[object, ...]) -> Child:
        key = tuple(map(_plain, values))  # before the lock: comparing may run the service's code
        names = [make_encodable(safe_str(value)) for value in values]
        with self._lock:
            if key in self.children:
                return self.children[key]
            if len(self.children) < self._limit:
                child = self._create(*names)
                self.children[key] = child
                return child
            if self._overflow is None:
                self._overflow = self._create(*(OVERFLOW for _ in range(self._labels)))
        self._count_overflow()
        return self._overflow


def _plain(value: object) -> str | int:
    """Return *value* as a plain str or int: a subclass may define its own comparison."""
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case _:
            return safe_str(value)


class Families:
    """Families of `METRICS` in one registry, each with at most *limit* label sets."""

    def __init__(self, registry: CollectorRegistry, *, limit: int) -> None:
        self.registry = registry
        self._limit = limit
        self._count_overflow = counter(SIGHTLINE_LABEL_SETS_OVERFLOWED, registry)
        self._histograms: dict[str, BoundedChildren[Observer]] = {}
        self._counters: dict[str, BoundedChildren[Counter]] = {}
        self._gauges: dict[str, BoundedChildren[Gauge]] = {}

    def histogram(self, name: str) -> BoundedChildren[Observer]:
        """Return the observers of the histogram *name*, registered at first use."""
        if name not in self._histograms:
            labels = histogram(name, self.registry).labels
            self._histograms[name] = self.children_of(
                name, lambda *values: bound_observer(labels(*values))
            )
        return self._histograms[name]

    def counter(self, name: str) -> BoundedChildren[Counter]:
        """Return the children of the counter *name*, registered at first use."""
        if name not in self._counters:
            self._counters[name] = self.children_of(name, counter(name, self.registry).labels)
        return self._counters[name]

    def gauge(self, name: str) -> BoundedChildren[Gauge]:
        """Return the children of the gauge *name*, registered at first use."""
        if name not in self._gauges:
            self._gauges[name] = self.children_of(name, gauge(name, self.registry).labels)
        return self._gauges[name]

    def children_of(self, name: str, create: Callable[..., Child]) -> BoundedChildren[Child]:
        """Return bounded children of the metric *name*, created by *create*."""
        count_overflow = self._count_overflow.labels(name).inc
        labels = len(METRICS[name].labels)
        return BoundedChildren(
            create, labels=labels, limit=self._limit, count_overflow=count_overflow
        )


class RequestSeries:
    """Series shared by the requests of one method, route, status code and error type."""

    __slots__ = ("duration", "observe", "request_size")

    def __init__(
        self, duration: Observer, request: Observer | None, response: Observer | None
    ) -> None:
        self.duration = duration
        self.request_size = request
        """Observer of the size of a request's body; None when sizes are not measured."""
        self.observe = bound_pair(duration, response) if response else bound_first(duration)
        """Observes a duration with its span at a monotonic time, and a response size."""


class ServerMetrics:
    """Metrics of HTTP server requests.

    Args:
        families: Families to which they are added.
        known_methods: Methods that keep their name.
        body_sizes: Also measure the sizes of bodies.
    """

    def __init__(
        self,
        families: Families,
        known_methods: frozenset[str] = KNOWN_METHODS,
        *,
        body_sizes: bool = True,
    ) -> None:
        registry = families.registry
        self._duration = histogram(HTTP_SERVER_REQUEST_DURATION_SECONDS, registry)
        self._sizes = [histogram(name, registry) for name in BODY_SIZES] if body_sizes else []
        active = gauge(HTTP_SERVER_ACTIVE_REQUESTS, registry)
        children = {method: active.labels(method) for method in (*known_methods, OTHER_METHOD)}
        self.active = {
            method: (bound_increment(child, 1), bound_increment(child, -1))
            for method, child in children.items()
        }
        """Increment and decrement functions by method; all methods start at 0."""
        self.series = families.children_of(
            HTTP_SERVER_REQUEST_DURATION_SECONDS, self._request_series
        )
        """Series by method, route, status code and error type."""

    def _request_series(
        self, method: str, route: str, status_code: str, error: str
    ) -> RequestSeries:
        """Return the series for these labels, and create a failure of the route at 0.

        Without the zero the first failure would appear at 1, which ``increase()`` ignores. A method
        or a path without a handler cannot fail.
        """
        named = OVERFLOW not in {method, route} and route != UNMATCHED_ROUTE
        if named and status_code not in UNHANDLED:
            self._duration.labels(method, route, "500", "500")
        sizes = [bound_observer(size.labels(method, route, status_code)) for size in self._sizes]
        request, response = sizes or (None, None)
        duration = self._duration.labels(method, route, status_code, error)
        return RequestSeries(bound_observer(duration), request, response)


_KINDS: Final = (Counter, Enum, Gauge, Histogram, Info, Summary)


class Registry(LockedRegistry):
    """Registry that gives its lock to every registered metric and its children.

    prometheus_client gives every value its own lock, which is neither reentrant nor replaced after
    a fork. With those locks, a signal handler or finalizer that increments a metric deadlocks when
    it interrupts an increment. A forked child deadlocks when another thread of its parent held a
    lock.
    """

    def __init__(self) -> None:
        super().__init__(new_lock())
        self.values_lock = new_lock()
        """Lock of every value of every metric."""

    def register(self, collector: Collector) -> None:
        """Add *collector*; its ``describe()`` or ``collect()`` is called before any lock."""
        if isinstance(collector, _KINDS):
            set_lock(collector, self.values_lock)
        super().register(collector)
