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

from instrumentation.conventions import OVERFLOW, SPAN_ID, TRACE_ID, Attribute
from sightline.jaeger_names import SPAN_METRICS_CALLS, SPAN_METRICS_DURATION
from sightline.tracestore.ingest.page_size import EXEMPLAR_BYTES, line_bytes
from sightline.tracestore.storage.attributes import text

FLUSH_SECONDS: Final = 2.0
EXPIRY_SECONDS: Final = 300.0
BUCKETS: Final = (5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1e3, 2.5e3, 5e3, 1e4)
"""Upper bounds in milliseconds. Source of these three values: jaeger/config.yaml."""

MAX_PAGE_BYTES: Final = 2_000_000
"""Size of a scrape without compression. Series without room share one, and exemplars without
room are left out, so that names in spans cannot exhaust the memory of Prometheus."""

_TARGETS_SHARE: Final = 8
"""An eighth of the page is for `target_info`."""

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

    def labels(self, collector: str) -> list[str]:
        """Return the values of `_LABELS`; *collector* is the instance id of this process."""
        service, job, instance = self.source
        scope = ("spanmetricsconnector", "", "")
        return [service, self.name, self.kind, self.status, collector, *scope, job, instance]


_OVERFLOWING: Final = _Key(_Source(OVERFLOW, OVERFLOW, OVERFLOW), OVERFLOW, OVERFLOW, OVERFLOW)

_ALL: Final = -1

_LINES: Final = len(BUCKETS) + 4
"""Samples of a series: buckets with `+Inf`, count, sum, calls."""

_Call = tuple[bytes, bytes, float, float]
"""Trace id, span id, duration in milliseconds, seconds since 1970."""


@dataclass(slots=True)
class _Series:
    """Counts of one operation."""

    bytes: int
    """Size in a scrape."""
    last_call: float
    """Arrival of the last span, in seconds of the monotonic clock."""
    published: bool = False
    with_exemplars: bool = False
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    milliseconds: float = 0.0
    exemplars: dict[int, _Call] = field(default_factory=dict)
    """Last call of each bucket; `_ALL` is the last call of the series."""

    def exemplar(self, bucket: int) -> Exemplar | None:
        """Return the last call of *bucket*; None before the first flush, or without room."""
        if bucket not in self.exemplars or not (self.published and self.with_exemplars):
            return None
        trace_id, span_id, duration, moment = self.exemplars[bucket]
        return Exemplar({TRACE_ID: trace_id.hex(), SPAN_ID: span_id.hex()}, duration, moment)


class SpanMetrics(Collector):
    """Collector of span metrics; thread-safe."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, max_bytes: int = MAX_PAGE_BYTES
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._series: dict[_Key, _Series] = {}
        self._targets: dict[_Source, dict[str, str]] = {}
        self._instance = str(uuid.uuid4())
        self._published: list[Metric] = []
        self._max_bytes = max_bytes
        self._max_target_bytes = max_bytes // _TARGETS_SHARE
        self._max_series_bytes = max_bytes - self._max_target_bytes - self._size(_OVERFLOWING)
        self._target_bytes = self._series_bytes = 0

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
        service = named.pop(Attribute.SERVICE_NAME, "")
        if not service:
            return None
        namespace = named.pop("service.namespace", "")
        job = f"{namespace}/{service}" if namespace else service
        source = _Source(service, job, named.pop(Attribute.SERVICE_INSTANCE_ID, ""))
        self._set_target(source, _target_labels(source, named))
        return source

    def _set_target(self, source: _Source, labels: dict[str, str]) -> None:
        """Keep *labels* for `target_info` if there is room for them."""
        if self._targets.get(source) == labels:
            return
        replaced = line_bytes(self._targets[source].items()) if source in self._targets else 0
        following = self._target_bytes - replaced + line_bytes(labels.items())
        if following <= self._max_target_bytes:
            self._targets[source] = labels
            self._target_bytes = following

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
        """Return the series of *key*; a new one without room is that of all others."""
        known = self._series.get(key)
        if known:
            return known
        size = self._size(key)
        if self._series_bytes + size > self._max_series_bytes:
            key, size = _OVERFLOWING, 0
        self._series_bytes += size
        return self._series.setdefault(key, _Series(bytes=size, last_call=self._clock()))

    def _size(self, key: _Key) -> int:
        return _LINES * line_bytes(zip(_LABELS, key.labels(self._instance), strict=True))

    def flush(self) -> None:
        """Publish the counts and drop series without a call in `EXPIRY_SECONDS`."""
        with self._lock:
            oldest = self._clock() - EXPIRY_SECONDS
            self._series = {
                k: series for k, series in self._series.items() if series.last_call > oldest
            }
            alive = {key.source for key in self._series}
            self._targets = {s: named for s, named in self._targets.items() if s in alive}
            self._series_bytes = sum(series.bytes for series in self._series.values())
            self._target_bytes = sum(line_bytes(t.items()) for t in self._targets.values())
            self._choose_exemplars()
            self._published = [self._calls(), self._durations(), _target_info(self._targets)]
            for series in self._series.values():
                series.published = True

    def _choose_exemplars(self) -> None:
        """Give the exemplars the room that series and targets leave."""
        used = self._series_bytes + self._target_bytes + self._size(_OVERFLOWING)
        room = (self._max_bytes - used) // EXEMPLAR_BYTES
        for series in self._series.values():
            room -= len(series.exemplars)
            series.with_exemplars = room >= 0

    def collect(self) -> Iterator[Metric]:
        """Return the families of the last flush."""
        return iter(self._published)

    def _calls(self) -> Metric:
        family = CounterMetricFamily(SPAN_METRICS_CALLS, "Spans.", labels=_LABELS)
        for key, series in self._series.items():
            calls = sum(series.buckets) if series.published else 0
            family.add_metric(key.labels(self._instance), calls, exemplar=series.exemplar(_ALL))
        return family

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(SPAN_METRICS_DURATION, "Durations.", labels=_LABELS)
        for key, series in self._series.items():
            milliseconds = series.milliseconds if series.published else 0.0
            family.add_metric(key.labels(self._instance), list(_cumulative(series)), milliseconds)
        return family


_Bucket = tuple[str, float] | tuple[str, float, Exemplar]


def _cumulative(series: _Series) -> Iterator[_Bucket]:
    """Yield upper bound, cumulative count and exemplar of each bucket."""
    total = 0
    for number, bound in enumerate((*map(floatToGoString, BUCKETS), "+Inf")):
        total += series.buckets[number] if series.published else 0
        exemplar = series.exemplar(number)
        yield (bound, total, exemplar) if exemplar else (bound, total)


def _target_labels(source: _Source, attributes: Mapping[str, str]) -> dict[str, str]:
    labels = {_label_name(key): value for key, value in attributes.items()}
    return {**labels, "job": source.job, "instance": source.instance}


def _target_info(targets: Mapping[_Source, dict[str, str]]) -> Metric:
    """Return `target_info`: resource attributes, to be joined on job and instance."""
    family = InfoMetricFamily("target", "Attributes of the resource.")
    for labels in targets.values():
        family.add_metric([], labels)
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
