"""Spans arrive at a collector as they were, over HTTP and over gRPC."""

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

from tests.fakes import CLOSING, Collector, attribute, partial_success, status, too_large
from tests.integration.export.conftest import Services, account
from tests.waiting import until


def test_spans_arrive_by_themselves(
    collector: Collector, services: Services, protocol: str
) -> None:
    services(protocol).work(3)

    until(lambda: len(collector.spans) == 3, within_seconds=30)
    resource = collector.requests[0].message.resource_spans[0].resource
    assert attribute(resource.attributes, "service.name") == "orders"
    assert [span.name for span in collector.spans] == [f"GET /orders/{n}" for n in range(3)]


def test_a_request_equals_the_one_of_the_sdk(
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


def test_batches_are_no_larger_than_told(
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


def test_a_collector_that_closes_every_connection_is_believed(
    collector: Collector, services: Services
) -> None:
    collector.misbehave(CLOSING)
    service = services("http/protobuf")

    service.work(3)

    assert service.export.flush(30)
    assert service.export.stats().exported == 3
    assert len(collector.requests) == 1


def test_unsampled_spans_stay_at_home(collector: Collector, services: Services) -> None:
    service = services("http/protobuf")

    service.export.on_end(ReadableSpan("unsampled"))

    assert service.export.flush(30)
    assert (service.export.stats().accepted, collector.requests) == (0, [])


def test_spans_the_collector_rejects_are_counted_apart(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    collector.misbehave(partial_success(rejected=2))

    service.work(5)

    assert not service.export.flush(30)
    stats = service.export.stats()
    assert (stats.exported, stats.rejected, stats.queued) == (3, 2, 0)
    assert service.sample("otel_sdk_exporter_span_exported_total", "rejected") == 2


def test_a_request_the_collector_refuses_is_not_repeated(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    collector.misbehave(status(400))

    service.work(5)

    assert not service.export.flush(30)
    assert service.export.stats().dropped["refused"] == 5
    assert len(collector.requests) == 1


def test_a_request_too_large_is_split_until_it_fits(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf")
    collector.misbehave(too_large(bound_bytes=500))

    service.work(64)
    service.tracer.start_span("x" * 600).end()

    assert not service.export.flush(30)
    stats = service.export.stats()
    assert (len(collector.spans), stats.dropped["too_large"]) == (64, 1)
    assert account(stats) == 65
