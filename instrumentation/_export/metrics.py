"""Metrics of the export on ``/metrics``, read from the queue at scrape time.

Names and meanings: `conventions`, the ``otel_sdk_processor_*`` and ``otel_sdk_exporter_*`` rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from instrumentation._export.processor import (
    QUEUE_FULL,
    REFUSED,
    SHUTDOWN,
    TOO_LARGE,
    UNENCODABLE,
    ExportStats,
)
from instrumentation._settings.export import GRPC, ExportSettings
from instrumentation.conventions import (
    METRICS,
    OTEL_SDK_EXPORTER_OPERATION_DURATION_SECONDS,
    OTEL_SDK_EXPORTER_SPAN_EXPORTED,
    OTEL_SDK_PROCESSOR_QUEUE_LIMIT_BYTES,
    OTEL_SDK_PROCESSOR_QUEUE_USED_BYTES,
    OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
    OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY,
    OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROCESSOR_TYPE: Final = "batching_span_processor"
"""Source: semantic conventions, ``otel.component.type``."""

GRPC_EXPORTER_TYPE: Final = "otlp_grpc_span_exporter"
HTTP_EXPORTER_TYPE: Final = "otlp_http_span_exporter"
"""As `PROCESSOR_TYPE`."""

REJECTED: Final = "rejected"
"""``error_type`` of spans that the collector rejected in an accepted request.
Source: semantic conventions, ``otel.sdk.exporter.span.exported``."""

PROCESSOR_DROP_REASONS: Final = (QUEUE_FULL, SHUTDOWN, UNENCODABLE)
EXPORTER_DROP_REASONS: Final = (REFUSED, TOO_LARGE)
"""Drop reasons by component: before or after spans reached the exporter."""

NO_ERROR: Final = ""


def exporter_type(settings: ExportSettings) -> str:
    """Return the ``otel.component.type`` of the exporter."""
    return GRPC_EXPORTER_TYPE if settings.protocol == GRPC else HTTP_EXPORTER_TYPE


class ExportCollector(Collector):
    """Collector of the series of one processor and its exporter, all exposed from the start.

    Args:
        stats: Returns a consistent snapshot of the statistics.
        exporter_type: ``otel.component.type`` of the exporter.
    """

    def __init__(
        self, stats: Callable[[], ExportStats], settings: ExportSettings, exporter_type: str
    ) -> None:
        self._stats = stats
        self._settings = settings
        self._processor = _component_labels(PROCESSOR_TYPE)
        self._exporter = _component_labels(exporter_type)

    def collect(self) -> Iterator[Metric]:
        """Yield every family with its series by ``error_type``."""
        stats = self._stats()
        yield _counter_family(
            OTEL_SDK_PROCESSOR_SPAN_PROCESSED, self._processor, _processed_counts(stats)
        )
        yield _counter_family(
            OTEL_SDK_EXPORTER_SPAN_EXPORTED, self._exporter, _exported_counts(stats)
        )
        yield from self._gauges(stats)

    def describe(self) -> Iterator[Metric]:
        """Yield the families, so that a registry detects duplicate names."""
        return self.collect()

    def _gauges(self, stats: ExportStats) -> Iterator[Metric]:
        values = {
            OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE: stats.queued,
            OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY: self._settings.max_queue_spans,
            OTEL_SDK_PROCESSOR_QUEUE_USED_BYTES: stats.queued_bytes,
            OTEL_SDK_PROCESSOR_QUEUE_LIMIT_BYTES: self._settings.max_queue_bytes,
        }
        for name, value in values.items():
            if value is not None:
                family = GaugeMetricFamily(name, METRICS[name].help, labels=METRICS[name].labels)
                family.add_metric(self._processor, value)
                yield family


class DurationHistogram:
    """Histogram ``otel_sdk_exporter_operation_duration_seconds`` on *registry*."""

    def __init__(self, registry: CollectorRegistry, exporter_type: str) -> None:
        metric = METRICS[OTEL_SDK_EXPORTER_OPERATION_DURATION_SECONDS]
        self._component = _component_labels(exporter_type)
        self._histogram = Histogram(
            metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets
        )
        self._histogram.labels(*self._component, NO_ERROR)

    def __call__(self, seconds: float, error_type: str) -> None:
        """Record the duration of an attempt."""
        self._histogram.labels(*self._component, error_type).observe(seconds)


def _component_labels(kind: str) -> tuple[str, str]:
    """Return component name and type. Source: semantic conventions, ``otel.component.name``."""
    return f"{kind}/0", kind


def _counter_family(name: str, component: tuple[str, str], counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, METRICS[name].help, labels=METRICS[name].labels)
    for error_type, count in counts.items():
        family.add_metric((*component, error_type), count)
    return family


def _processed_counts(stats: ExportStats) -> Mapping[str, int]:
    handed_over = sum(_exported_counts(stats).values())
    return {NO_ERROR: handed_over, **_select(stats, PROCESSOR_DROP_REASONS)}


def _exported_counts(stats: ExportStats) -> Mapping[str, int]:
    return {
        NO_ERROR: stats.exported,
        REJECTED: stats.rejected,
        **_select(stats, EXPORTER_DROP_REASONS),
    }


def _select(stats: ExportStats, reasons: tuple[str, ...]) -> Mapping[str, int]:
    return {reason: stats.dropped[reason] for reason in reasons}
