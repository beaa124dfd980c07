"""Metrics of the trace store on Jaeger's metrics port."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.tracestore.trace_store import PROTOBUF, TraceStore
from tests.unit.tracestore.spans import encoded, span
from tests.waiting import until

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

HTTP = {"receiver": "otlp", "transport": "http"}
STORAGE = {"exporter": "jaeger_storage_exporter"}
FAILED = {**STORAGE, "error_type": "NotStored", "error_permanent": "false"}

Labels = frozenset[tuple[str, str]]


def values(store: TraceStore) -> dict[tuple[str, Labels], float]:
    text = store.metrics(store.ports.jaeger_metrics)
    families = text_string_to_metric_families(text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(store: TraceStore, name: str, /, **labels: str) -> float | None:
    return values(store).get((name, frozenset(labels.items())))


def test_counters_start_at_0_before_the_first_span(store: TraceStore) -> None:
    assert value(store, "otelcol_receiver_accepted_spans_total", **HTTP) == 0
    assert value(store, "otelcol_receiver_refused_spans_total", **HTTP) == 0
    assert value(store, "otelcol_exporter_sent_spans_total", **STORAGE) == 0


def test_spans_are_counted_when_they_are_stored(store: TraceStore) -> None:
    store.send(encoded(span(1), span(2)))
    store.send(b"\xff\xff", PROTOBUF)

    assert value(store, "otelcol_receiver_accepted_spans_total", **HTTP) == 2
    assert value(store, "otelcol_exporter_sent_spans_total", **STORAGE) == 2
    assert value(store, "otelcol_receiver_refused_spans_total", **HTTP) == 0


def test_spans_are_refused_and_counted_after_a_storage_error(
    store: TraceStore, tmp_path: Path
) -> None:
    (file,) = tmp_path.glob("traces.*.db")
    with closing(sqlite3.connect(file)) as db:
        db.execute("DROP TABLE tag")

    answer = store.send(encoded(span(1), span(2)))

    assert (answer.status, answer.content_type) == (503, PROTOBUF)
    assert b"failed to export traces: no such table" in answer.body
    assert value(store, "otelcol_receiver_refused_spans_total", **HTTP) == 2
    assert value(store, "otelcol_exporter_send_failed_spans_total", **FAILED) == 2


@pytest.mark.parametrize(
    ("path", "operation", "result"),
    [
        ("/api/services", "get_services", "ok"),
        ("/api/operations?service=shop", "get_operations", "ok"),
        ("/api/traces?service=shop", "find_traces", "ok"),
        ("/api/traces/1", "get_trace", "ok"),
        ("/api/traces/9", "get_trace", "err"),
        ("/api/v3/traces/9", "get_trace", "err"),
    ],
)
def test_reads_are_counted_and_timed(
    receiver: TraceStore, path: str, operation: str, result: str
) -> None:
    labels = {
        "name": "traces_disk",
        "operation": operation,
        "result": result,
        "role": "tracestore",
    }
    before = value(receiver, "jaeger_storage_requests_total", **labels) or 0

    receiver.ask(path)

    assert value(receiver, "jaeger_storage_requests_total", **labels) == before + 1
    assert value(receiver, "jaeger_storage_latency_seconds_count", **labels) == before + 1


@pytest.mark.parametrize(
    "name",
    [
        "otelcol_process_memory_rss_bytes",
        "otelcol_process_cpu_seconds_total",
        "otelcol_process_uptime_seconds_total",
        "process_start_time_seconds",
        "process_resident_memory_bytes",
    ],
)
def test_process_metrics_are_exported(receiver: TraceStore, name: str) -> None:
    assert (value(receiver, name) or 0) > 0


def test_span_metrics_have_exemplars_in_openmetrics_only(store: TraceStore) -> None:
    store.send(encoded(span(0xABC)))
    port = store.ports.jaeger_span_metrics
    counted = 'status_code="STATUS_CODE_UNSET"} 1.0 # {'

    text = until(
        lambda: counted in (found := store.metrics(port, OPENMETRICS)) and found, within_seconds=60
    )

    assert f'trace_id="{0xABC:032x}"' in str(text)
    assert "trace_id" not in store.metrics(port)


@pytest.mark.parametrize("version", ["abc", "1..0", "1.0.0-rc1"])
@pytest.mark.parametrize("media_type", ["application/openmetrics-text", "text/plain"])
def test_an_unknown_version_in_accept_gets_text(
    receiver: TraceStore, media_type: str, version: str
) -> None:
    headers = {"Accept": f"{media_type}; version={version}"}

    answer = receiver.ask("/metrics", port=receiver.ports.jaeger_metrics, headers=headers)

    assert answer.status == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
