"""One trace over every carrier of context that the demo has, read from the API of traces.

The requests have one caller, so their spans belong to one trace.
"""

import secrets

from tests.shop_edges import GET_USER
from tests.stacks import LocalStack
from tests.system.shop import CLIENT_SPAN_ID, place_order
from tests.system.traces import Edges, edges, find, name, search, spans
from tests.waiting import until

HTTP = {
    ("client", "gateway: POST /api/orders"),
    ("gateway: POST /api/orders", "gateway: POST /orders"),
    ("gateway: POST /orders", "orders: POST /orders"),
}
"""Headers that the library writes and reads."""

HTTP_BY_HAND = {
    ("client", "gateway: GET /api/report/{user_id}"),
    ("gateway: GET /api/report/{user_id}", "gateway: fetch report"),
    ("gateway: fetch report", "gateway: GET /reports"),
    ("gateway: GET /reports", "orders: GET /reports"),
    ("orders: GET /reports", "orders: build report"),
}
"""Headers that the services write and read by `inject` and `extract`."""

GRPC = {
    ("orders: POST /orders", f"orders: {GET_USER}"),
    (f"orders: {GET_USER}", f"users: {GET_USER}"),
}
"""Metadata of a call."""

QUEUE = {("orders: POST /orders", "orders: send fulfilment")}
"""Item of a queue, whose work is a trace of its own: ``LINKED``."""

LINKED = {("orders: send fulfilment", "orders: process fulfilment")}


def test_one_trace_has_the_edges_of_every_carrier(each_stack: LocalStack) -> None:
    trace_id = until(lambda: place_order(each_stack, "/api/report/3"), within_seconds=60)

    expected = HTTP | HTTP_BY_HAND | GRPC | QUEUE
    until(lambda: expected <= edges(find(each_stack, trace_id)), within_seconds=30)
    until(lambda: links(each_stack, trace_id) == LINKED, within_seconds=30)


def test_no_call_has_two_spans_on_a_side(each_stack: LocalStack) -> None:
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{CLIENT_SPAN_ID}-01"}

    each_stack.ask("gateway", "/api/report/3", headers=headers).raise_for_status()

    until(lambda: edges(find(each_stack, trace_id)) >= HTTP_BY_HAND, within_seconds=30)
    names = sorted(name(trace, span) for trace, span in spans(find(each_stack, trace_id)))
    kinds = ("gateway: GET /api/report/{user_id}", "gateway: GET /reports", "orders: GET /reports")
    assert [names.count(one) for one in kinds] == [1, 1, 1]


def links(stack: LocalStack, trace_id: str) -> Edges:
    """Return the linked span of the trace and the span that links to it."""
    names = {span["spanID"]: name(trace, span) for trace, span in spans(find(stack, trace_id))}
    return {
        (names.get(reference["spanID"], "?"), name(trace, span))
        for trace, span in spans(search(stack, "orders", "process fulfilment"))
        for reference in span["references"]
        if reference["traceID"] == trace_id != span["traceID"]
    }
