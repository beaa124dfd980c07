"""A service that sends what it logs to a collector which speaks OTLP."""

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
"""The three seconds of a shutdown on a busy machine; the stock pipeline would take thirty."""


def sending(
    collector: Collector, *, traces: str = "otlp", delay_millis: int = 100
) -> AbstractContextManager[Service]:
    """The shop, sending its log records."""
    return running(
        "plain",
        collector,
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_TRACES_EXPORTER=traces,
        OTEL_BLRP_SCHEDULE_DELAY=str(delay_millis),
    )


def told(collector: Collector) -> list[LogRecord]:
    """What the shop itself logged."""
    return [record for record in collector.logs if record.body.string_value == "told all"]


@pytest.fixture
def shop(collector: Collector) -> Iterator[Service]:
    with sending(collector) as service:
        yield service


def test_a_record_of_a_request_arrives_in_its_trace(shop: Service) -> None:
    shop.client.get("/told", headers=PARENT)

    until(lambda: told(shop.collector) != [], within_seconds=30)
    (span,) = shop.server_spans(1)
    (record,) = told(shop.collector)
    assert record.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert record.span_id == span.span_id
    assert record.severity_text == "WARNING"
    assert attribute(record.attributes, "order") == 7


def test_the_exception_that_ended_a_request_arrives_though_its_logger_does_not_propagate(
    shop: Service,
) -> None:
    shop.client.get("/boom", headers=PARENT)

    def types() -> list[object]:
        return [attribute(record.attributes, "exception.type") for record in shop.collector.logs]

    until(lambda: "LookupError" in types(), within_seconds=30)


def test_sending_is_neither_logged_nor_traced_nor_sent_again(shop: Service) -> None:
    shop.client.get("/told")

    until(lambda: told(shop.collector) != [], within_seconds=30)
    (span,) = shop.spans(1)
    assert span.name == "GET /told"
    assert not any("v1/logs" in record.body.string_value for record in shop.collector.logs)


def test_the_last_words_are_sent_when_the_server_is_told_to_stop(collector: Collector) -> None:
    with sending(collector, delay_millis=60_000) as service:
        service.client.get("/told")

    assert len(told(collector)) == 1


@pytest.mark.parametrize("fault", [CLOSED, BLACKHOLE, status(503)], ids=lambda fault: fault.kind)
def test_a_collector_in_trouble_is_no_trouble_of_the_service(
    collector: Collector, fault: Fault
) -> None:
    collector.misbehave(fault)
    with sending(collector, traces="none") as service:
        answers = [service.client.get("/told").status_code for _ in range(20)]
        began = time.monotonic()

    assert answers == [200] * 20
    assert time.monotonic() - began < STOPS_WITHIN_SECONDS
    assert service.process.returncode in {0, -15}


def test_records_that_were_lost_are_counted(collector: Collector) -> None:
    collector.misbehave(status(400))
    with sending(collector, traces="none") as service:
        service.client.get("/told")

        until(lambda: f"{LOST}0.0" not in service.metrics(), within_seconds=30)
        assert any(line.startswith(LOST) for line in service.metrics())


def test_a_service_that_was_not_asked_sends_none(collector: Collector) -> None:
    with running("plain", collector) as service:
        service.client.get("/told")

        service.server_spans(1)
    assert collector.logs == []
