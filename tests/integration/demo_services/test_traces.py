"""Traces of requests through the shop, compared with a table of caller and callee."""

from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes import Collector
from tests.integration.demo_services.conftest import Shop
from tests.shop_edges import GET_USER, PLACE_ORDER
from tests.waiting import until

CALLER = "00f067aa0ba902b7"
"""Parent span id in the requests of these tests."""

READ_ORDER = {
    ("client", "gateway: GET /api/orders/{order_id}"),
    ("gateway: GET /api/orders/{order_id}", "gateway: GET /orders/{order_id}"),
    ("gateway: GET /orders/{order_id}", "orders: GET /orders/{order_id}"),
    ("orders: GET /orders/{order_id}", "orders: SELECT orders"),
    ("orders: GET /orders/{order_id}", f"orders: {GET_USER}"),
    (f"orders: {GET_USER}", f"users: {GET_USER}"),
    (f"users: {GET_USER}", "users: SELECT users"),
}

REPORT = {
    ("client", "gateway: GET /api/report/{user_id}"),
    ("gateway: GET /api/report/{user_id}", "gateway: fetch report"),
    ("gateway: fetch report", "gateway: GET /reports"),
    ("gateway: GET /reports", "orders: GET /reports"),
    ("orders: GET /reports", "orders: build report"),
    ("orders: build report", "orders: SELECT orders"),
}
"""The spans of the call are made by hand, with `inject` and `extract`."""

LINKED = {
    ("orders: send fulfilment", "orders: process fulfilment"),
    ("orders: process fulfilment", "orders: SELECT orders"),
    ("orders: process fulfilment", "orders: pack order"),
    ("orders: send order.created", "users: process order.created"),
    ("users: process order.created", "users: INSERT processed"),
    ("users: process order.created", "users: INSERT loyalty"),
}
"""Traces that are linked to the one of the order: its fulfilment, and its event."""


def spans_of(collector: Collector, trace_id: str) -> Iterator[tuple[str, Span]]:
    """Yield the spans of one trace, each with its service."""
    for request in collector.requests:
        for resource in request.message.resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    if span.trace_id.hex() == trace_id:
                        yield names["service.name"], span


def linked(collector: Collector, trace_id: str) -> set[tuple[str, str]]:
    """Return the edges of the traces that are linked to spans of a trace, and the links."""
    senders = {
        span.span_id: f"{service}: {span.name}" for service, span in spans_of(collector, trace_id)
    }
    found: set[tuple[str, str]] = set()
    for span in collector.spans:
        for link in span.links:
            if link.trace_id.hex() == trace_id:
                consumer = span.trace_id.hex()
                found |= edges(collector, consumer, sender=senders.get(link.span_id, "?"))
    return found


def edges(collector: Collector, trace_id: str, *, sender: str = "?") -> set[tuple[str, str]]:
    """Return caller and callee of every span, as ``service: span name``.

    Args:
        sender: Name of the span that the root is linked to.
    """
    spans = list(spans_of(collector, trace_id))
    names = {CALLER: "client", "": sender}
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


def test_a_placed_order_is_one_trace_with_linked_traces_of_fulfilment_and_event(
    shop: Shop, collector: Collector
) -> None:
    trace_id = "6e0c63257de34c926f9efcd03927272e"
    order = {"user_id": 3, "product": "tea", "quantity": 2}

    shop.gateway.post("/api/orders", order, traceparent=f"00-{trace_id}-{CALLER}-01")

    until(lambda: edges(collector, trace_id) == PLACE_ORDER, within_seconds=60)
    until(lambda: linked(collector, trace_id) == LINKED, within_seconds=60)


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
