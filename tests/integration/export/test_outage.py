"""Outages of the collector: no span is lost, and every span is counted."""

import time

import pytest

from tests.fakes import (
    BLACKHOLE,
    CLOSED,
    DRIP,
    LOST_ACK,
    RESET,
    Collector,
    Fault,
    slow,
    status,
)
from tests.integration.export.conftest import Services, total
from tests.waiting import until

HTTP_OUTAGES = {
    "closed port": CLOSED,
    "blackhole": BLACKHOLE,
    "drip": DRIP,
    "reset": RESET,
    "lost answers": LOST_ACK,
    "302": status(302),
    "400": status(400),
    "401": status(401),
    "404": status(404),
    "429": status(429, retry_after="1"),
    "500": status(500),
    "503": status(503),
    "503 and when": status(503, retry_after="1"),
}
GRPC_OUTAGES = {
    "invalid argument": status(400),
    "closed port": CLOSED,
    "blackhole": BLACKHOLE,
    "unauthenticated": status(401),
    "resource exhausted": status(429, retry_after="1"),
    "internal": status(500),
    "unavailable": status(503),
}
OUTAGES = [
    *(
        pytest.param("http/protobuf", fault, id=f"http {name}")
        for name, fault in HTTP_OUTAGES.items()
    ),
    *(pytest.param("grpc", fault, id=f"grpc {name}") for name, fault in GRPC_OUTAGES.items()),
]


@pytest.mark.parametrize(("protocol", "fault"), OUTAGES)
def test_no_span_is_lost_to_an_outage(
    collector: Collector,
    services: Services,
    protocol: str,
    fault: Fault,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = services(protocol, EXPORTER_OTLP_TIMEOUT="500")
    collector.misbehave(fault)

    service.work(100)
    assert not service.export.flush(0.3)
    assert total(service.export.stats()) == 100
    collector.behave()

    assert service.export.flush(30)
    until(lambda: "works again" in caplog.text, within_seconds=30)
    assert len(collector.spans) == 100
    assert len(caplog.messages) == 2


def test_a_collector_whose_name_cannot_be_resolved_is_an_outage(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    label = "too-long-for-a-label" * 4
    service = services("http/protobuf", EXPORTER_OTLP_ENDPOINT=f"http://{label}.example:4318")

    service.work(3)

    until(lambda: "fails" in caplog.text, within_seconds=30)
    assert service.export.stats().queued == 3


def test_spans_are_retried_without_a_flush(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    collector.misbehave(status(503))
    service.work(10)
    until(lambda: len(collector.requests) >= 2, within_seconds=30)

    collector.behave()

    until(lambda: len(collector.spans) == 10, within_seconds=30)


def test_a_slow_collector_is_not_an_outage(
    collector: Collector, services: Services, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = services(protocol)
    collector.misbehave(slow(0.3))

    service.work(100)

    assert service.export.flush(30)
    assert (len(collector.spans), caplog.messages) == (100, [])


def test_the_metrics_equal_the_statistics(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    before = service.sample("otel_sdk_processor_span_processed_total", "queue_full")
    collector.misbehave(status(503))

    service.work(7)
    until(lambda: service.export.stats().queued_bytes > 0, within_seconds=30)
    waiting = service.sample("otel_sdk_processor_span_queue_size")
    collector.behave()

    assert service.export.flush(30)
    assert (before, waiting) == (0, 7)
    assert service.sample("otel_sdk_exporter_span_exported_total", "") == 7
    assert service.sample("otel_sdk_processor_span_processed_total") == 7
    assert service.sample("otel_sdk_exporter_operation_duration_seconds_count", "") == 1


def test_the_oldest_spans_are_dropped_when_an_outage_fills_the_queue(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf", BSP_MAX_QUEUE_SIZE="200", BSP_MAX_EXPORT_BATCH_SIZE="50")
    collector.misbehave(CLOSED)

    service.work(1000)
    assert service.export.stats().queued <= 200
    collector.behave()

    until(lambda: service.export.stats().queued == 0, within_seconds=30)
    stats = service.export.stats()
    assert len(collector.spans) == stats.exported
    assert stats.exported + stats.dropped["queue_full"] == 1000
    assert stats.exported <= 200


def test_no_request_is_sent_during_a_delay_that_the_collector_requested(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    collector.misbehave(status(429, retry_after="60"))

    service.work(1)
    until(lambda: len(collector.requests) == 1, within_seconds=30)

    assert not service.export.flush(1.0)
    assert len(collector.requests) == 1


def test_ending_a_span_does_not_block_when_the_collector_hangs(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf")
    service.work(100)
    collector.misbehave(BLACKHOLE)

    started = time.monotonic()
    service.work(2000)

    assert time.monotonic() - started < 9  # an attempt times out after ten
    assert total(service.export.stats()) == 2100
