"""Delivery of spans to a collector over HTTP and gRPC."""

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

from tests.fakes import (
    CLOSING,
    CUT_SHORT,
    DRIPPING_BODY,
    ENDLESS_BODY,
    Collector,
    Fault,
    answers,
    attribute,
    partial_success,
    too_large,
)
from tests.integration.export.conftest import Services, total
from tests.waiting import until

JSON = "application/json"


def test_spans_are_exported_without_a_flush(
    collector: Collector, services: Services, protocol: str
) -> None:
    services(protocol).work(3)

    until(lambda: len(collector.spans) == 3, within_seconds=30)
    resource = collector.requests[0].message.resource_spans[0].resource
    assert attribute(resource.attributes, "service.name") == "orders"
    assert [span.name for span in collector.spans] == [f"GET /orders/{n}" for n in range(3)]


def test_a_request_equals_the_sdks_request(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    with service.tracer.start_as_current_span("parent"):
        span = service.tracer.start_span("child", attributes={"a": [1, 2]})
        span.add_event("cache miss", {"key": "k"})
        span.end()
        assert service.export.flush(30)

    assert isinstance(span, ReadableSpan)
    assert collector.requests[0].message == encode_spans([span])


def test_batches_respect_the_maximum_size(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol, BSP_MAX_EXPORT_BATCH_SIZE="100")

    service.work(1000)

    assert service.export.flush(30)
    assert len(collector.spans) == 1000
    assert max(len(request.spans) for request in collector.requests) <= 100


def test_headers_and_compression_are_sent(collector: Collector, services: Services) -> None:
    service = services("http/protobuf", EXPORTER_OTLP_HEADERS="x-tenant=shop%201")

    service.work(1)

    assert service.export.flush(30)
    headers = collector.requests[0].headers
    assert (headers["x-tenant"], headers["content-encoding"]) == ("shop 1", "gzip")
    assert headers["content-type"] == "application/x-protobuf"


def test_metadata_is_sent_and_compression_can_be_chosen(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(
        protocol, EXPORTER_OTLP_HEADERS="X-Tenant=shop", EXPORTER_OTLP_COMPRESSION="none"
    )

    service.work(1)

    assert service.export.flush(30)
    headers = collector.requests[0].headers
    assert headers["x-tenant"] == "shop"
    assert "content-encoding" not in headers


def test_a_response_is_accepted_when_the_collector_closes_the_connection(
    collector: Collector, services: Services
) -> None:
    collector.misbehave(CLOSING)
    service = services("http/protobuf")

    service.work(3)

    assert service.export.flush(30)
    assert service.export.stats().exported == 3
    assert len(collector.requests) == 1


def test_unsampled_spans_are_not_exported(collector: Collector, services: Services) -> None:
    service = services("http/protobuf")

    service.export.on_end(ReadableSpan("unsampled"))

    assert service.export.flush(30)
    assert (service.export.stats().accepted, collector.requests) == (0, [])


def test_spans_that_the_collector_rejects_are_counted_separately(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    collector.misbehave(partial_success(rejected=2))

    service.work(5)

    assert not service.export.flush(30)
    stats = service.export.stats()
    assert (stats.exported, stats.rejected, stats.queued) == (3, 2, 0)
    assert service.sample("otel_sdk_exporter_span_exported_total", "rejected") == 2


def test_a_request_that_is_too_large_is_split_until_it_fits(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf")
    collector.misbehave(too_large(bound_bytes=500))

    service.work(64)
    service.tracer.start_span("x" * 600).end()

    assert not service.export.flush(30)
    stats = service.export.stats()
    assert (len(collector.spans), stats.dropped["too_large"]) == (64, 1)
    assert total(stats) == 65


BODIES = {
    "text": answers(b"OK", "text/plain"),
    "untyped text": answers(b"{}"),
    "web page": answers(b"<html>log in</html>", "text/html; charset=utf-8"),
    "no protobuf": answers(b"\xff\xff", "application/x-protobuf"),
    "no JSON": answers(b"{", "application/json"),
    "deep JSON": answers(b"[" * 60_000, "application/json"),
    "rejects more than was sent": answers(b'{"partialSuccess":{"rejectedSpans":6}}', JSON),
    "rejects a negative number": answers(b'{"partialSuccess":{"rejectedSpans":"-1"}}', JSON),
    "too long": answers(bytes(70_000)),
    "cut short": CUT_SHORT,
    "dripping": DRIPPING_BODY,
    "endless": ENDLESS_BODY,
}


@pytest.mark.parametrize("fault", BODIES.values(), ids=BODIES.keys())
def test_a_successful_status_counts_with_any_body(
    collector: Collector, services: Services, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    service = services("http/protobuf")
    collector.misbehave(fault)

    service.work(5)
    assert service.export.flush(30)
    service.work(5)

    assert service.export.flush(30)
    stats = service.export.stats()
    assert (stats.exported, stats.rejected, collector.deliveries) == (10, 0, 10)
    assert [
        message for message in caplog.messages if "cannot be read" in message
    ] == caplog.messages
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_every_2xx_status_is_a_success(
    collector: Collector, services: Services, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    service = services("http/protobuf")
    collector.misbehave(answers(b"", code=code))

    service.work(5)

    assert service.export.flush(30)
    assert (collector.deliveries, caplog.messages) == (5, [])


def test_a_success_over_grpc_counts_with_any_body(collector: Collector, services: Services) -> None:
    service = services("grpc")
    collector.misbehave(answers(b"\xff\xff"))

    service.work(5)

    assert service.export.flush(30)
    assert (service.export.stats().exported, collector.deliveries) == (5, 5)


@pytest.mark.parametrize("count", ["3", '"3"', "3.0"])
def test_a_partial_success_is_parsed_from_json(
    collector: Collector, services: Services, count: str
) -> None:
    service = services("http/protobuf")
    body = f'{{"partialSuccess": {{"rejectedSpans": {count}, "errorMessage": "quota"}}}}'
    collector.misbehave(answers(body.encode(), "Application/JSON; charset=utf-8"))

    service.work(5)

    assert not service.export.flush(30)
    stats = service.export.stats()
    assert (stats.exported, stats.rejected) == (2, 3)
