"""Span metrics: calls and durations by service, operation, kind and status.

Names and values follow Jaeger's span-metrics connector with the buckets of jaeger/config.yaml.
Stored spans appear at the next flush. A new series is exported as 0 once, so that `rate()`
includes its first calls.

Source: opentelemetry-collector-contrib, `connector/spanmetricsconnector`.
"""

import hashlib
import re
import threading
import time
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from instrumentation.conventions import OVERFLOW, SPAN_ID, TRACE_ID
from sightline.tracestore.storage.attributes import text
from sightline.tracestore.storage.rows import SERVICE_NAME

FLUSH_SECONDS: Final = 2.0
EXPIRY_SECONDS: Final = 300.0
BUCKETS: Final = (5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1e3, 2.5e3, 5e3, 1e4)
"""Upper bounds in milliseconds. Source of these three values: jaeger/config.yaml."""

MAX_SERIES: Final = 5000
"""Further operations share one series, so that ids in span names cannot exhaust memory."""

LONGEST_LABEL: Final = 256
"""Characters of a label value, which is repeated for every bucket at every scrape."""

_CHECKSUM_DIGITS: Final = 16

_NANOS_PER_MILLI: Final = 1e6

_LABELS: Final = (
    *("service_name", "span_name", "span_kind", "status_code", "collector_instance_id"),
    *("otel_scope_name", "otel_scope_version", "otel_scope_schema_url", "job", "instance"),
)


_KINDS: Final[dict[int, str]] = {number: name for name, number in Span.SpanKind.items()}
_STATUSES: Final[dict[int, str]] = {number: name for name, number in Status.StatusCode.items()}


class _Source(NamedTuple):
    """Service of a span with its identity in Prometheus."""

    service: str
    job: str
    instance: str


class _Key(NamedTuple):
    source: _Source
    name: str
    kind: str
    status: str


_OVERFLOWING: Final = _Key(_Source(OVERFLOW, OVERFLOW, OVERFLOW), OVERFLOW, OVERFLOW, OVERFLOW)

_ALL: Final = -1

_Call = tuple[bytes, bytes, float, float]
"""Trace id, span id, duration in milliseconds, seconds since 1970."""


@dataclass(slots=True)
class _Series:
    """Counts of one operation."""

    last_call: float
    """Arrival of the last span, in seconds of the monotonic clock."""
    published: bool = False
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    milliseconds: float = 0.0
    exemplars: dict[int, _Call] = field(default_factory=dict)
    """Last call of each bucket; `_ALL` is the last call of the series."""

    def exemplar(self, bucket: int) -> Exemplar | None:
        """Return the last call of *bucket*; None before the first flush of the series."""
        if bucket not in self.exemplars or not self.published:
            return None
        trace_id, span_id, duration, moment = self.exemplars[bucket]
        return Exemplar({TRACE_ID: trace_id.hex(), SPAN_ID: span_id.hex()}, duration, moment)


class SpanMetrics(Collector):
    """Collector of span metrics; thread-safe."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, max_series: int = MAX_SERIES
    ) -> None:
        self._clock = clock
        self._max_series = max_series
        self._lock = threading.Lock()
        self._series: dict[_Key, _Series] = {}
        self._targets: dict[_Source, dict[str, str]] = {}
        self._instance = str(uuid.uuid4())
        self._published: list[Metric] = []

    def record(self, request: TracesData) -> None:
        """Count every span of *request* that has a service name."""
        with self._lock:
            for resource_spans in request.resource_spans:
                if source := self._source(resource_spans.resource):
                    for scope_spans in resource_spans.scope_spans:
                        self._count(source, scope_spans.spans)

    def _source(self, resource: Resource) -> _Source | None:
        """Return the identity of *resource* and keep its other attributes for `target_info`."""
        named = {pair.key: _truncate(text(pair.value)) for pair in resource.attributes}
        service = named.pop(SERVICE_NAME, "")
        if not service:
            return None
        namespace = named.pop("service.namespace", "")
        job = f"{namespace}/{service}" if namespace else service
        source = _Source(service, job, named.pop("service.instance.id", ""))
        if source in self._targets or len(self._targets) < self._max_series:
            self._targets[source] = named
        return source

    def _count(self, source: _Source, spans: Iterable[Span]) -> None:
        now, arrived = time.time(), self._clock()
        for span in spans:
            kind = _KINDS.get(span.kind, _KINDS[0])
            status = _STATUSES.get(span.status.code, _STATUSES[0])
            series = self._series_of(_Key(source, _truncate(span.name), kind, status))
            nanoseconds = max(span.end_time_unix_nano - span.start_time_unix_nano, 0)
            duration = nanoseconds / _NANOS_PER_MILLI
            bucket = bisect_left(BUCKETS, duration)
            call = (span.trace_id, span.span_id, duration, now)
            series.last_call = arrived
            series.buckets[bucket] += 1
            series.milliseconds += duration
            series.exemplars[bucket] = call
            series.exemplars[_ALL] = call

    def _series_of(self, key: _Key) -> _Series:
        if key not in self._series:
            if len(self._series) >= self._max_series:
                key = _OVERFLOWING
            self._series.setdefault(key, _Series(last_call=self._clock()))
        return self._series[key]

    def flush(self) -> None:
        """Publish the counts and drop series without a call in `EXPIRY_SECONDS`."""
        with self._lock:
            oldest = self._clock() - EXPIRY_SECONDS
            self._series = {
                k: series for k, series in self._series.items() if series.last_call > oldest
            }
            alive = {key.source for key in self._series}
            self._targets = {s: named for s, named in self._targets.items() if s in alive}
            self._published = [self._calls(), self._durations(), _target_info(self._targets)]
            for series in self._series.values():
                series.published = True

    def collect(self) -> Iterator[Metric]:
        """Return the families of the last flush."""
        return iter(self._published)

    def _calls(self) -> Metric:
        family = CounterMetricFamily("traces_span_metrics_calls", "Spans.", labels=_LABELS)
        for key, series in self._series.items():
            calls = sum(series.buckets) if series.published else 0
            family.add_metric(self._labels(key), calls, exemplar=series.exemplar(_ALL))
        return family

    def _durations(self) -> Metric:
        name = "traces_span_metrics_duration_milliseconds"
        family = HistogramMetricFamily(name, "Durations.", labels=_LABELS)
        for key, series in self._series.items():
            milliseconds = series.milliseconds if series.published else 0.0
            family.add_metric(self._labels(key), list(_cumulative(series)), milliseconds)
        return family

    def _labels(self, key: _Key) -> list[str]:
        scope = ("spanmetricsconnector", "", "")
        service, job, instance = key.source
        return [service, key.name, key.kind, key.status, self._instance, *scope, job, instance]


_Bucket = tuple[str, float] | tuple[str, float, Exemplar]


def _cumulative(series: _Series) -> Iterator[_Bucket]:
    """Yield upper bound, cumulative count and exemplar of each bucket."""
    total = 0
    for number, bound in enumerate((*map(floatToGoString, BUCKETS), "+Inf")):
        total += series.buckets[number] if series.published else 0
        exemplar = series.exemplar(number)
        yield (bound, total, exemplar) if exemplar else (bound, total)


def _target_info(targets: Mapping[_Source, Mapping[str, str]]) -> Metric:
    """Return `target_info`: resource attributes, to be joined on job and instance."""
    family = InfoMetricFamily("target", "Attributes of the resource.")
    for source, named in targets.items():
        labels = {_label_name(key): value for key, value in named.items()}
        family.add_metric([], {**labels, "job": source.job, "instance": source.instance})
    return family


def _truncate(value: str) -> str:
    """Return *value* as a label value; a long one ends in its checksum and stays unique."""
    if len(value) <= LONGEST_LABEL:
        return value
    checksum = hashlib.sha256(value.encode()).hexdigest()[:_CHECKSUM_DIGITS]
    return f"{value[: LONGEST_LABEL - _CHECKSUM_DIGITS - 1]} {checksum}"


def _label_name(key: str) -> str:
    """Return *key* as a valid label name, because Prometheus drops a scrape with an invalid one."""
    name = re.sub(r"[^a-zA-Z0-9_]", "_", key[:LONGEST_LABEL])
    return name if name[:1].isalpha() else f"key_{name}"
