"""The store's metrics about itself, under the names Jaeger gives them.

Source: Jaeger 2.20.0 with the metrics reader of jaeger/config.yaml.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

RECEIVER: Final = "otlp"
EXPORTER: Final = "jaeger_storage_exporter"

_LATENCY_BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5),
    *(0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)


class OwnMetrics:
    """Counts what came in, what was stored, what was asked for."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self.registry = CollectorRegistry()
        self._accepted = self._counter(
            "otelcol_receiver_accepted_spans", "Spans that were stored.", "receiver", "transport"
        )
        self._refused = self._counter(
            "otelcol_receiver_refused_spans", "Spans that were not.", "receiver", "transport"
        )
        self._sent = self._counter(
            "otelcol_exporter_sent_spans", "Spans written to disk.", "exporter"
        )
        self._failed = self._counter(
            "otelcol_exporter_send_failed_spans",
            "Spans that the disk, or a full queue, did not take.",
            *("exporter", "error_type", "error_permanent"),
        )
        self._requests = self._counter(
            "jaeger_storage_requests",
            "Reads, by what was asked for.",
            *("name", "operation", "result", "role"),
        )
        self._latency = Histogram(
            "jaeger_storage_latency_seconds",
            "Duration of reads.",
            ("name", "operation", "result", "role"),
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        failed = self._counter(
            "otelcol_receiver_failed_spans",
            "Stays 0, as it did in Jaeger.",
            "receiver",
            "transport",
        )
        for transport in ("grpc", "http"):
            for counter in (self._accepted, self._refused, failed):
                counter.labels(RECEIVER, transport)
        self._sent.labels(EXPORTER)
        self.registry.register(_Process())

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def stored(self, transport: str, spans: int) -> None:
        """*spans* were written."""
        self._accepted.labels(RECEIVER, transport).inc(spans)
        self._sent.labels(EXPORTER).inc(spans)

    def refused(self, transport: str, spans: int, error: Exception) -> None:
        """*spans* were not written; the sender knows."""
        self._refused.labels(RECEIVER, transport).inc(spans)
        self._failed.labels(EXPORTER, type(error).__name__, "false").inc(spans)

    @contextmanager
    def read(self, operation: str) -> Iterator["Read"]:
        """Count and time a read; it failed when the block raises or says so."""
        read, started = Read(), time.perf_counter()
        try:
            yield read
        except BaseException:
            read.result = "err"
            raise
        finally:
            labels = ("traces_disk", operation, read.result, "tracestore")
            self._requests.labels(*labels).inc()
            self._latency.labels(*labels).observe(time.perf_counter() - started)


class Read:
    """How a read went."""

    result = "ok"


class _Process(Collector):
    """The process's figures under their usual names and under the collector's."""

    def __init__(self) -> None:
        self._started = time.time()
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        """All families; those of the kernel are missing where there is no `/proc`."""
        families = list(self._process.collect())
        yield from families
        read = {sample.name: sample.value for family in families for sample in family.samples}
        if memory := read.get("process_resident_memory_bytes"):
            yield GaugeMetricFamily("otelcol_process_memory_rss_bytes", "Memory.", memory)
        if cpu := read.get("process_cpu_seconds_total"):
            yield CounterMetricFamily("otelcol_process_cpu_seconds", "Processor time.", cpu)
        uptime = time.time() - self._started
        yield CounterMetricFamily("otelcol_process_uptime_seconds", "Uptime.", uptime)
