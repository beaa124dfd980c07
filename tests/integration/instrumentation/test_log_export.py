"""Export of a service's log records to an OTLP collector."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.fakes import BLACKHOLE, CLOSED, Collector, Fault, attribute, status
from tests.integration.instrumentation.conftest import Service, running
from tests.waiting import until

PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
LOST = 'sightline_internal_errors_total{operation="log_export"} '

STOPS_WITHIN_SECONDS = 9.0
"""The shutdown budget of 3 s on a busy machine; the stock pipeline takes 30 s."""


def running_with_log_export(
    collector: Collector, *, traces: str = "otlp", delay_millis: int = 100
) -> AbstractContextManager[Service]:
    """Run the shop with log export."""
    return running(
        "plain",
        collector,
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_TRACES_EXPORTER=traces,
        OTEL_BLRP_SCHEDULE_DELAY=str(delay_millis),
    )


def shop_records(collector: Collector) -> list[LogRecord]:
    """Return the records of the shop's own logger."""
    return [record for record in collector.logs if record.body.string_value == "logged once"]


@pytest.fixture
def shop(collector: Collector) -> Iterator[Service]:
    with running_with_log_export(collector) as service:
        yield service


def test_a_record_of_a_request_arrives_in_its_trace(shop: Service) -> None:
    shop.client.get("/log", headers=PARENT)

    until(lambda: shop_records(shop.collector) != [], within_seconds=30)
    (span,) = shop.server_spans(1)
    (record,) = shop_records(shop.collector)
    assert record.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert record.span_id == span.span_id
    assert record.severity_text == "WARNING"
    assert attribute(record.attributes, "order") == 7


def test_an_unhandled_exception_arrives_though_its_logger_does_not_propagate(
    shop: Service,
) -> None:
    shop.client.get("/boom", headers=PARENT)

    def types() -> list[object]:
        return [attribute(record.attributes, "exception.type") for record in shop.collector.logs]

    until(lambda: "LookupError" in types(), within_seconds=30)


def test_the_export_itself_is_neither_logged_nor_traced_nor_exported(shop: Service) -> None:
    shop.client.get("/log")

    until(lambda: shop_records(shop.collector) != [], within_seconds=30)
    (span,) = shop.spans(1)
    assert span.name == "GET /log"
    assert not any("v1/logs" in record.body.string_value for record in shop.collector.logs)


def test_the_last_records_are_exported_at_sigterm(collector: Collector) -> None:
    with running_with_log_export(collector, delay_millis=60_000) as service:
        service.client.get("/log")

    assert len(shop_records(collector)) == 1


@pytest.mark.parametrize("fault", [CLOSED, BLACKHOLE, status(503)], ids=lambda fault: fault.kind)
def test_a_failing_collector_does_not_affect_the_service(
    collector: Collector, fault: Fault
) -> None:
    collector.misbehave(fault)
    with running_with_log_export(collector, traces="none") as service:
        answers = [service.client.get("/log").status_code for _ in range(20)]
        began = time.monotonic()

    assert answers == [200] * 20
    assert time.monotonic() - began < STOPS_WITHIN_SECONDS
    assert service.process.returncode in {0, -15}


def test_lost_records_are_counted(collector: Collector) -> None:
    collector.misbehave(status(400))
    with running_with_log_export(collector, traces="none") as service:
        service.client.get("/log")

        until(lambda: f"{LOST}0.0" not in service.metrics(), within_seconds=30)
        assert any(line.startswith(LOST) for line in service.metrics())


def test_a_service_without_log_export_sends_no_record(collector: Collector) -> None:
    with running("plain", collector) as service:
        service.client.get("/log")

        service.server_spans(1)
    assert collector.logs == []
