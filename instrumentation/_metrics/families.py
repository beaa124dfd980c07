"""The metrics of the table in a registry: children bound once, their number bounded."""

from collections.abc import Callable
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from instrumentation._metrics.histogram import Observer, adding, observer, together
from instrumentation._support.fork import new_lock
from instrumentation._support.guard import safe_str
from instrumentation.conventions import (
    KNOWN_METHODS,
    METRICS,
    OTHER_METHOD,
    OVERFLOW,
    UNMATCHED_ROUTE,
)

Family = TypeVar("Family", Counter, Gauge, Histogram)
Child = TypeVar("Child")

DURATION = "http_server_request_duration_seconds"


def counter(name: str, registry: CollectorRegistry) -> Counter:
    """The counter *name* of the table."""
    metric = METRICS[name]
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def gauge(name: str, registry: CollectorRegistry) -> Gauge:
    """The gauge *name* of the table; several workers add up."""
    metric = METRICS[name]
    return Gauge(
        metric.name, metric.help, metric.labels, registry=registry, multiprocess_mode="livesum"
    )


def histogram(name: str, registry: CollectorRegistry) -> Histogram:
    """The histogram *name* of the table."""
    metric = METRICS[name]
    return Histogram(
        metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets
    )


def info(name: str, registry: CollectorRegistry) -> Info:
    """The info metric *name* of the table."""
    metric = METRICS[name]
    return Info(metric.name, metric.help, registry=registry)


def printable(value: str) -> str:
    """*value* as UTF-8 can carry it: half a surrogate pair would break every scrape."""
    return value.encode("utf-8", "replace").decode()


class Bounded(Generic[Child]):
    """Children of a family by label values; past the bound they all share one.

    Args:
        bind: Makes the child for a tuple of label values.
        labels: How many labels there are.
        most: Label sets that get a child of their own.
        overflowed: Counts an event under the overflow labels.
    """

    def __init__(
        self,
        bind: Callable[..., Child],
        *,
        labels: int,
        most: int,
        overflowed: Callable[[], None],
    ) -> None:
        self._bind = bind
        self._labels = labels
        self._most = most
        self._overflowed = overflowed
        self._lock = new_lock()
        self._overflow: Child | None = None
        self.children: dict[tuple[object, ...], Child] = {}
        """Read it first: a plain look-up is the fast path."""

    def child(self, *values: object) -> Child:
        """The child for *values*, made on first sight."""
        found = self.children.get(values)
        return self._made(values) if found is None else found

    def _made(self, values: tuple[object, ...]) -> Child:
        key = tuple(map(_plain, values))  # before the lock: comparing may be the service's code
        names = [printable(safe_str(value)) for value in values]
        with self._lock:
            if key in self.children:
                return self.children[key]
            if len(self.children) < self._most:
                child = self._bind(*names)
                self.children[key] = child
                return child
            if self._overflow is None:
                self._overflow = self._bind(*(OVERFLOW for _ in range(self._labels)))
        self._overflowed()
        return self._overflow


def _plain(value: object) -> str | int:
    """Return *value* without its class, which may define its own comparison."""
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case _:
            return safe_str(value)


class Families:
    """Bounded families of the table in one registry."""

    def __init__(self, registry: CollectorRegistry, *, most: int) -> None:
        self.registry = registry
        self._most = most
        self._overflowed = counter("sightline_label_sets_overflowed", registry)
        self._histograms: dict[str, Bounded[Observer]] = {}
        self._counters: dict[str, Bounded[Counter]] = {}
        self._gauges: dict[str, Bounded[Gauge]] = {}

    def histogram(self, name: str) -> Bounded[Observer]:
        """Observers of the histogram *name*; registered when first asked for."""
        if name not in self._histograms:
            labels = histogram(name, self.registry).labels
            self._histograms[name] = self.bounded(name, lambda *values: observer(labels(*values)))
        return self._histograms[name]

    def counter(self, name: str) -> Bounded[Counter]:
        """Children of the counter *name*; registered when first asked for."""
        if name not in self._counters:
            self._counters[name] = self.bounded(name, counter(name, self.registry).labels)
        return self._counters[name]

    def gauge(self, name: str) -> Bounded[Gauge]:
        """Children of the gauge *name*; registered when first asked for."""
        if name not in self._gauges:
            self._gauges[name] = self.bounded(name, gauge(name, self.registry).labels)
        return self._gauges[name]

    def bounded(self, name: str, bind: Callable[..., Child]) -> Bounded[Child]:
        """What *bind* makes for each label set of the metric *name*."""
        overflowed = self._overflowed.labels(name).inc
        labels = len(METRICS[name].labels)
        return Bounded(bind, labels=labels, most=self._most, overflowed=overflowed)


class RequestSeries:
    """Everything that requests of one method, route, status code and error type share."""

    __slots__ = ("duration", "observe", "request_size")

    def __init__(self, duration: Observer, request: Observer, response: Observer) -> None:
        self.duration = duration
        self.request_size = request
        self.observe = together(duration, response)
        """Counts a duration and the size of a response; the bucket of the duration."""


class ServerMetrics:
    """The metrics of HTTP server requests."""

    def __init__(self, families: Families, known_methods: frozenset[str] = KNOWN_METHODS) -> None:
        registry = families.registry
        self._duration = histogram(DURATION, registry)
        self._request_size = histogram("http_server_request_body_size_bytes", registry)
        self._response_size = histogram("http_server_response_body_size_bytes", registry)
        active = gauge("http_server_active_requests", registry)
        self.active = {
            method: (adding(active.labels(method), 1), adding(active.labels(method), -1))
            for method in (*known_methods, OTHER_METHOD)
        }
        """What counts a request of a method in and out; every method stands at 0 from the start."""
        self.series = families.bounded(DURATION, self._bound)
        """By method, route, status code and error type."""

    def _bound(self, method: str, route: str, status_code: str, error: str) -> RequestSeries:
        """Series for these labels; a success and a failure of the same route exist at 0 with them.

        Without the zeros the first failure would appear at 1 and ``increase()`` would not see it.
        """
        if OVERFLOW not in {method, route} and route != UNMATCHED_ROUTE:
            self._duration.labels(method, route, "200", "")
            self._duration.labels(method, route, "500", "500")
        sizes = (method, route, status_code)
        return RequestSeries(
            observer(self._duration.labels(*sizes, error)),
            observer(self._request_size.labels(*sizes)),
            observer(self._response_size.labels(*sizes)),
        )
