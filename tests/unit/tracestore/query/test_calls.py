"""Calls between services."""

from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.query.calls import Calls
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Store
from tests.unit.tracestore.conftest import Opener
from tests.unit.tracestore.spans import request, span

EVER = (0, 2**63)


def call(number: int, caller: str, called: str) -> list[TracesData]:
    """One trace in which *caller* calls *called*."""
    parent = span(number, "GET")
    child = span(number, "GET /", span_id=b"a child!", parent_span_id=parent.span_id)
    return [request(child, service=called), request(parent, service=caller)]


def test_a_child_in_another_service_is_a_call(store: Store) -> None:
    store.write([*call(1, "shop", "stock"), *call(2, "shop", "stock"), *call(3, "shop", "users")])

    assert Calls(store).between(*EVER, Room.large()) == {("shop", "stock"): 2, ("shop", "users"): 1}


def test_a_child_in_the_same_service_is_no_call(store: Store) -> None:
    store.write(call(1, "shop", "shop"))

    assert Calls(store).between(*EVER, Room.large()) == {}


def test_only_the_window_counts(store: Store) -> None:
    store.write(call(1, "shop", "stock"))

    assert Calls(store).between(0, 1000, Room.large()) == {}


@pytest.mark.parametrize("window", [(2**64, 2**65), (-(2**65), -(2**64))])
def test_a_window_beyond_all_times_is_empty(store: Store, window: tuple[int, int]) -> None:
    store.write(call(1, "shop", "stock"))

    assert Calls(store).between(*window, Room.large()) == {}


def test_full_segments_are_added_and_counted_once(open_store: Opener, tmp_path: Path) -> None:
    store = open_store(spans=64)
    calls = Calls(store)
    for number in range(1, 21):
        store.write(call(number, "shop", "stock"))

    assert len(list(tmp_path.glob("*.db"))) > 2
    first, again = (calls.between(*EVER, Room.large()) for _ in range(2))
    assert first == again == {("shop", "stock"): 20}
