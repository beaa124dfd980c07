"""Metrics of received spans, under the names that Jaeger gives them.

Source: Jaeger 2.20.0 with the metrics reader of jaeger/config.yaml.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter

RECEIVER: Final = "otlp"
EXPORTER: Final = "jaeger_storage_exporter"

_TRANSPORTS: Final = ("grpc", "http")


class IngestMetrics:
    """Counters of accepted, stored and refused spans."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        by_transport = ("receiver", "transport")
        self._accepted = counter(
            "otelcol_receiver_accepted_spans", "Spans that were stored.", *by_transport
        )
        self._refused = counter(
            "otelcol_receiver_refused_spans", "Spans that were not stored.", *by_transport
        )
        self._sent = counter("otelcol_exporter_sent_spans", "Spans written to disk.", "exporter")
        self._failed = counter(
            "otelcol_exporter_send_failed_spans",
            "Spans lost to a disk error or a full queue.",
            *("exporter", "error_type", "error_permanent"),
        )
        failed = counter("otelcol_receiver_failed_spans", "Always 0, as in Jaeger.", *by_transport)
        for transport in _TRANSPORTS:
            for by_receiver in (self._accepted, self._refused, failed):
                by_receiver.labels(RECEIVER, transport)
        self._sent.labels(EXPORTER)

    def count_stored(self, transport: str, spans: int) -> None:
        """Count *spans* that were written."""
        self._accepted.labels(RECEIVER, transport).inc(spans)
        self._sent.labels(EXPORTER).inc(spans)

    def count_refused(self, transport: str, spans: int, error: Exception) -> None:
        """Count *spans* that were answered with *error*."""
        self._refused.labels(RECEIVER, transport).inc(spans)
        self._failed.labels(EXPORTER, type(error).__name__, "false").inc(spans)
