"""Services with Sightline's library, as Prometheus scrapes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Final

from instrumentation import conventions
from sightline.mixin.queries import CLIENT, SERVER
from tests.foreign.series import (
    STARTED_SECONDS,
    Labels,
    Series,
    Value,
    after_restarts,
    counter,
    ends,
    gauge,
    restarts,
)

FAST: Final = (1.0, 1.0, 1.0)
"""Ratios of durations up to each bound of `BOUNDS`."""
SLOW: Final = (0.2, 0.3, 1.0)
BOUNDS: Final = ("0.1", "1.0", "10.0")

PER_MINUTE: Final = 120.0
"""Requests to one instance, to each route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Instances of a service in one cluster and namespace."""

    job: str
    namespace: str = "shop"
    cluster: str = "eu"
    instances: int = 2
    per_minute: float = PER_MINUTE
    version: str = "1.0.0"
    first: int = 0
    """Number of the first instance."""
    routes: tuple[str, ...] = ("/items", "/items/{id}")
    failing: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Ratio of failed requests in the incident, by route."""
    durations: tuple[float, ...] = FAST
    """Ratios of durations in the incident."""
    down: bool = False
    """The incident ends every instance."""
    idle: bool = False
    """The incident ends all traffic."""
    hanging: bool = False
    """In the incident requests wait in flight and none completes."""
    restarts_every: int = 0
    """Minutes between restarts in the incident; 0 for none."""

    def series(self) -> Iterator[Series]:
        """Yield the series of every instance."""
        for number in range(self.first, self.first + self.instances):
            yield from self._instance(
                {
                    "cluster": self.cluster,
                    "namespace": self.namespace,
                    "job": self.job,
                    "instance": f"{self.job}-{number}:8000",
                }
            )

    def _instance(self, target: Labels) -> Iterator[Series]:
        started = restarts(self.restarts_every) if self.restarts_every else gauge(STARTED_SECONDS)
        yield Series(name="up", labels=target, value=gauge(1, 0 if self.down else 1))
        yield Series(name="process_start_time_seconds", labels=target, value=started)
        for each in (*self._process(target), *self._requests(target), *self._spans(target)):
            yield Series(name=each.name, labels=each.labels, value=self._lifetime(each.value))

    def _lifetime(self, value: Value) -> Value:
        """Return *value* as long as the process lives, which begins at 0 after a restart."""
        if self.down:
            return ends(value)
        return after_restarts(value, self.restarts_every) if self.restarts_every else value

    def _process(self, target: Labels) -> Iterator[Series]:
        build = {"service_version": self.version, "python_version": "3.13.1"}
        gauges = {
            "process_max_fds": gauge(1024),
            "process_open_fds": gauge(30),
            "process_resident_memory_bytes": gauge(2e8),
            conventions.PROCESS_MEMORY_LIMIT_BYTES: gauge(5e8),
            conventions.ANYIO_WORKER_THREADS_LIMIT: gauge(40),
            conventions.ANYIO_WORKER_THREADS_IN_USE: gauge(2),
            "scrape_samples_post_metric_relabeling": gauge(3000),
            "process_cpu_seconds_total": counter(6),
        }
        yield Series(name="app_build_info", labels={**target, **build}, value=gauge(1))
        for name, value in gauges.items():
            yield Series(name=name, labels=target, value=value)

    def _requests(self, target: Labels) -> Iterator[Series]:
        in_flight = gauge(2, 40 if self.hanging else 2)
        method = {**target, "http_request_method": "GET"}
        yield Series(name=conventions.HTTP_SERVER_ACTIVE_REQUESTS, labels=method, value=in_flight)
        rate = 0 if self.idle or self.hanging else self.per_minute
        for route in self.routes:
            failed = self.failing.get(route, 0)
            labels = {**method, "http_route": route}
            ok = {**labels, "http_response_status_code": "200"}
            bad = {**labels, "http_response_status_code": "500", "error_type": "500"}
            ratios = [(1.0, part) for part in self.durations]
            yield from histogram(SERVER, ok, self.per_minute, rate * (1 - failed), ratios)
            # A service that never failed has the count from the start, and no buckets.
            errors = histogram(SERVER, bad, 0, rate * failed, ratios)
            yield from errors if failed else islice(errors, 1)

    def _spans(self, target: Labels) -> Iterator[Series]:
        rate = self.per_minute * len(self.routes)
        sampled = {**target, "otel_span_sampling_result": "RECORD_AND_SAMPLE"}
        for name, labels in (
            (conventions.OTEL_SDK_SPAN_STARTED, sampled),
            (conventions.OTEL_SDK_EXPORTER_SPAN_EXPORTED, {**target, "error_type": ""}),
        ):
            yield Series(name=f"{name}_total", labels=labels, value=counter(rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Service that calls another service. Both have one instance."""

    job: str
    callee: str
    durations: tuple[float, ...] = FAST
    namespace: str = "shop"
    cluster: str = "eu"
    per_minute: float = PER_MINUTE

    def series(self) -> Iterator[Series]:
        """Yield the series of the calls."""
        labels = {
            "cluster": self.cluster,
            "namespace": self.namespace,
            "job": self.job,
            "instance": f"{self.job}-0:8000",
            "server_address": f"{self.callee}.{self.namespace}.svc",
            "server_port": "80",
            "http_request_method": "GET",
            "http_response_status_code": "200",
            "error_type": "",
        }
        ratios = [(1.0, part) for part in self.durations]
        yield from histogram(CLIENT, labels, self.per_minute, self.per_minute, ratios)


def histogram(
    name: str,
    labels: Labels,
    per_minute: float,
    during: float,
    ratios: list[tuple[float, float]],
) -> Iterator[Series]:
    """Yield count, sum and buckets, with the *ratios* up to each bound before and later."""
    yield Series(name=f"{name}_count", labels=labels, value=counter(per_minute, during))
    parts = zip((*BOUNDS, "+Inf"), (*ratios, (1.0, 1.0)), strict=True)
    for bound, (before, after) in parts:
        value = counter(per_minute * before, during * after)
        yield Series(name=f"{name}_bucket", labels={**labels, "le": bound}, value=value)
