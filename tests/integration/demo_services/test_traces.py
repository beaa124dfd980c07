"""Traces of requests through the shop, compared with a table of caller and callee."""

from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes import Collector
from tests.integration.demo_services.conftest import Shop
from tests.waiting import until

CALLER = "00f067aa0ba902b7"
"""Parent span id in the requests of these tests."""

READ_ORDER = {
    ("caller", "gateway: GET /api/orders/{order_id}"),
    ("gateway: GET /api/orders/{order_id}", "gateway: GET"),
    ("gateway: GET", "orders: GET /orders/{order_id}"),
    ("orders: GET /orders/{order_id}", "orders: SELECT orders"),
    ("orders: GET /orders/{order_id}", "orders: GET"),
    ("orders: GET", "users: GET /users/{user_id}"),
    ("users: GET /users/{user_id}", "users: SELECT users"),
}

REPORT = {
    ("caller", "gateway: GET /api/report/{user_id}"),
    ("gateway: GET /api/report/{user_id}", "gateway: fetch report"),
    ("gateway: fetch report", "orders: GET /reports/{user_id}"),
    ("gateway: fetch report", "orders: build report"),
    ("orders: build report", "orders: SELECT orders"),
}


def spans_of(collector: Collector, trace_id: str) -> Iterator[tuple[str, Span]]:
    """Yield the spans of one trace, each with its service."""
    for request in collector.requests:
        for resource in request.message.resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    if span.trace_id.hex() == trace_id:
                        yield names["service.name"], span


def edges(collector: Collector, trace_id: str) -> set[tuple[str, str]]:
    """Return caller and callee of every span, as ``service: span name``."""
    spans = list(spans_of(collector, trace_id))
    names = {CALLER: "caller"}
    names |= {span.span_id.hex(): f"{service}: {span.name}" for service, span in spans}
    return {
        (names.get(span.parent_span_id.hex(), "?"), names[span.span_id.hex()]) for _, span in spans
    }


@pytest.mark.parametrize(
    ("path", "trace_id", "expected"),
    [
        ("/api/orders/7", "0af7651916cd43dd8448eb211c80319c", READ_ORDER),
        ("/api/report/7", "4bf92f3577b34da6a3ce929d0e0e4736", REPORT),
    ],
)
def test_a_request_is_one_trace_over_all_services(
    shop: Shop, collector: Collector, path: str, trace_id: str, expected: set[tuple[str, str]]
) -> None:
    shop.gateway.get(path, traceparent=f"00-{trace_id}-{CALLER}-01")

    until(lambda: edges(collector, trace_id) == expected, within_seconds=60)


def test_a_failed_span_records_its_exception(shop: Shop, collector: Collector) -> None:
    trace_id = "5b8aa5a2d2c872e8321cf37308d69df2"

    shop.gateway.get("/api/orders/13", traceparent=f"00-{trace_id}-{CALLER}-01")
    until(lambda: len(list(spans_of(collector, trace_id))) >= 7, within_seconds=60)

    failed = [span for service, span in spans_of(collector, trace_id) if service == "orders"]
    events = [event for span in failed for event in span.events if event.name == "exception"]
    types = {item.value.string_value for event in events for item in event.attributes}
    assert any("UserMissingError" in text for text in types)


def test_probes_are_not_traced(shop: Shop, collector: Collector) -> None:
    shop.gateway.get("/readyz")
    shop.gateway.get("/api/users/7", traceparent=f"00-{'ab' * 16}-{CALLER}-01")
    until(lambda: list(spans_of(collector, "ab" * 16)), within_seconds=60)

    assert not [span for span in collector.spans if "healthz" in span.name or "readyz" in span.name]
