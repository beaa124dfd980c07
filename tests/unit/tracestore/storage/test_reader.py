"""Reads of traces that are larger than the room of a response."""

import pytest

from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.room import NeedsMoreRoom, Room
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.trace import StoredSpan, cut_warning
from tests.unit.tracestore.conftest import Opener
from tests.unit.tracestore.spans import request, span

TRACE = (7).to_bytes(16, "big")


def started(second: int) -> dict[str, int]:
    """Times of a span that starts in *second*."""
    return {"start_time_unix_nano": second * 10**9, "end_time_unix_nano": second * 10**9 + 1}


def names(spans: list[StoredSpan]) -> list[str]:
    return [stored.span.name for stored in spans]


@pytest.fixture
def store(open_store: Opener) -> Store:
    """Trace of four spans in two files, the latest one first."""
    store = open_store(spans=16)
    for second in (4, 1, 3, 2):
        store.write([request(span(7, f"span {second}", **started(second)))])
    return store


def test_the_earliest_spans_of_a_large_trace_are_read(store: Store) -> None:
    reader = TraceReader(store, Room(3, 10**6, small=False))

    trace = reader.trace(TRACE)

    assert len(store.segments) == 2
    assert names(trace.spans) == ["span 1", "span 2", "span 3"]
    assert [stored.warnings for stored in trace.spans] == [[], [], [cut_warning(3)]]
    assert reader.full


def test_bytes_limit_a_trace_like_spans(store: Store) -> None:
    size_bytes = 2 * len(span(7, "span 1", **started(1)).SerializeToString())

    trace = TraceReader(store, Room(100, size_bytes, small=False)).trace(TRACE)

    assert names(trace.spans) == ["span 1", "span 2"]


def test_a_trace_after_a_large_one_is_not_read(store: Store) -> None:
    reader = TraceReader(store, Room(3, 10**6, small=False))
    reader.trace(TRACE)

    assert reader.trace(TRACE).spans == []


def test_a_small_room_is_replaced_by_a_large_one(store: Store) -> None:
    with pytest.raises(NeedsMoreRoom):
        TraceReader(store, Room(3, 10**6, small=True)).trace(TRACE)


def test_a_trace_that_fits_is_in_order_of_arrival(store: Store) -> None:
    trace = TraceReader(store, Room(4, 10**6, small=False)).trace(TRACE)

    assert names(trace.spans) == ["span 4", "span 1", "span 3", "span 2"]
    assert not any(stored.warnings for stored in trace.spans)
