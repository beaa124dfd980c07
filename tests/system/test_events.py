"""Events on a running stack: one trace from the request to the event, and a linked one after it."""

import json

from tests.shop_edges import PLACE_ORDER
from tests.stacks import LocalStack
from tests.system.shop import place_order
from tests.system.traces import Edges, edges, find, search
from tests.waiting import until

COUNT_ORDER: Edges = {
    ("linked", "users: process order.created"),
    ("users: process order.created", "users: INSERT processed"),
    ("users: process order.created", "users: INSERT loyalty"),
}

FORGET: Edges = {("users: process order.created", "users: DELETE processed")}
"""Part of every thousandth event, by its number. PostgreSQL begins with 1000."""


def of_event(stack: LocalStack, trace_id: str) -> Edges:
    """Return the edges of the traces of users that are linked to a trace."""
    found = search(stack, "users", "process order.created")
    return edges([trace for trace in found if trace_id in json.dumps(trace)])


def test_a_placed_order_is_one_trace_with_a_linked_trace_of_its_event(
    each_stack: LocalStack,
) -> None:
    trace_id = until(lambda: place_order(each_stack), within_seconds=60)

    def traced() -> bool:
        assert edges(find(each_stack, trace_id)) == PLACE_ORDER
        return True

    assert until(traced, within_seconds=30)
    assert until(lambda: of_event(each_stack, trace_id) - FORGET == COUNT_ORDER, within_seconds=30)
