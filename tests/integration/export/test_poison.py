"""Spans with invalid content, or that the collector refuses, do not affect other spans."""

from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span, Status, StatusCode

from tests.fakes import Collector, Fault, chokes_on
from tests.integration.export.conftest import Service, Services, total
from tests.waiting import until


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


POISON: dict[str, Callable[[Span], object]] = {
    "surrogate in a value": lambda span: span.set_attribute("sku", "\ud800"),
    "surrogate in a key": lambda span: span.set_attribute("\ud800", "x"),
    "surrogate in the name": lambda span: span.update_name("\ud800"),
    "surrogate in an event": lambda span: span.add_event("\ud800"),
    "surrogate in the status": lambda span: span.set_status(Status(StatusCode.ERROR, "\ud800")),
    "surrogate in an exception": lambda span: span.record_exception(ValueError("\ud800")),
    "integer of 70 bits": lambda span: span.set_attribute("n", 2**70),
    "not a number": lambda span: span.set_attributes({"a": float("nan"), "b": float("inf")}),
    "a megabyte": lambda span: span.set_attribute("big", "x" * 1_000_000),
    "no name": lambda span: span.update_name(None),  # type: ignore[arg-type]  # invalid
    "a list as name": lambda span: span.update_name(["x"]),  # type: ignore[arg-type]  # invalid
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_span_with_invalid_content_arrives_with_the_others(
    collector: Collector, services: Services, poison: Callable[[Span], object]
) -> None:
    service = services("http/protobuf")

    with service.tracer.start_as_current_span("good"):
        pass
    with service.tracer.start_as_current_span("poisoned") as span:
        span.set_attribute("kept", "k")
        poison(span)
    service.work(1)

    assert service.export.flush(30)
    assert len(collector.spans) == 3
    assert all(attribute.value for span in collector.spans for attribute in span.attributes)


def test_a_span_that_cannot_be_encoded_is_counted_and_logged_once(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    service = services("http/protobuf")
    context = service.tracer.start_span("never ended").get_span_context()
    broken = ReadableSpan("broken", context, attributes=7)  # type: ignore[arg-type]  # invalid

    service.export.on_end(broken)
    service.export.on_end(broken)
    service.work(1)

    assert service.export.flush(30)
    stats = service.export.stats()
    assert (stats.exported, stats.dropped["unencodable"], total(stats)) == (1, 2, 3)
    assert len(caplog.messages) == 1


def test_spans_above_the_memory_bound_are_dropped(collector: Collector, services: Services) -> None:
    service = services("http/protobuf", BSP_SCHEDULE_DELAY="60000")

    service.export.flush(0)
    for _ in range(100):
        service.tracer.start_span("big", attributes={"page": "x" * 200_000}).end()

    assert total(service.export.stats()) == 100
    assert service.export.shutdown_within(30)
    assert len(collector.spans) == service.export.stats().exported


REFUSING_COLLECTORS = [
    pytest.param("http/protobuf", chokes_on(b"poison", 400), id="http 400"),
    pytest.param("http/protobuf", chokes_on(b"poison", 500), id="http 500"),
    pytest.param("http/protobuf", chokes_on(b"poison", 503), id="http 503"),
    pytest.param("http/protobuf", chokes_on(b"poison", 503, retry_after="0"), id="http 503 now"),
    pytest.param("grpc", chokes_on(b"poison", 400), id="grpc invalid argument"),
    pytest.param("grpc", chokes_on(b"poison", 500), id="grpc internal"),
    pytest.param("grpc", chokes_on(b"poison", 503), id="grpc unavailable"),
]
"""Ways to refuse a request because of one span."""


@pytest.mark.parametrize(("protocol", "fault"), REFUSING_COLLECTORS)
def test_a_refused_span_does_not_affect_other_spans(
    collector: Collector, services: Services, protocol: str, fault: Fault
) -> None:
    service = services(protocol)
    collector.misbehave(fault)

    service.work(20)
    service.tracer.start_span("poison").end()
    service.work(20)
    until(lambda: refused_while_working(service) == 1, within_seconds=30)

    assert not service.export.flush(0)
    stats = service.export.stats()
    assert (sum(stats.dropped.values()), total(stats)) == (1, stats.accepted)
    until(lambda: len(collector.spans) == stats.accepted - 1, within_seconds=30)
    assert service.sample("otel_sdk_exporter_span_exported_total", "refused") == 1


def refused_while_working(service: Service) -> int:
    service.work(1)
    return service.export.stats().dropped["refused"]


@pytest.mark.parametrize("code", [400, 503])
def test_a_poison_span_in_the_only_packet_does_not_affect_other_spans(
    collector: Collector, services: Services, code: int
) -> None:
    service = services("http/protobuf", BSP_SCHEDULE_DELAY="500")
    collector.misbehave(chokes_on(b"poison", code))

    service.work(50)
    service.tracer.start_span("poison").end()
    service.work(50)

    until(lambda: service.export.stats().exported == 100, within_seconds=30)
    assert collector.deliveries <= 5 * 100  # it stores the good spans of refused requests
    assert len(collector.spans) == 100


def test_a_poison_span_delays_no_batch(collector: Collector, services: Services) -> None:
    service = services("http/protobuf")
    collector.misbehave(chokes_on(b"poison", 503))
    service.tracer.start_span("poison").end()
    until(lambda: len(collector.requests) >= 3, within_seconds=30)

    service.work(1)

    until(lambda: len(collector.spans) == 1, within_seconds=5)
