"""Trace search: conditions and order."""

from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from sightline.tracestore.query.search import Query, find
from sightline.tracestore.storage.reader import TraceReader
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.tokens import token
from tests.unit.tracestore.conftest import Opener, share_with_services
from tests.unit.tracestore.spans import MILLISECOND, attributes, request, span

EVER = {"start": 0, "end": 2**63}
SECOND = 1000 * MILLISECOND


def at(seconds: int, milliseconds: int = 1) -> dict[str, Any]:
    """Times of a span, in seconds since 1970 and milliseconds of duration."""
    start = seconds * SECOND
    return {
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + milliseconds * MILLISECOND,
    }


def found(store: Store, **asked: object) -> list[int]:
    """Numbers of the traces that are found."""
    query = Query(**{**EVER, **asked})  # type: ignore[arg-type]  # fields of Query
    traces = find(store, query, TraceReader(store, Room.large()))
    return [int.from_bytes(trace.trace_id, "big") for trace in traces]


@pytest.fixture
def shop(store: Store) -> Store:
    """Four traces through two services."""
    failed = Status(code=Status.STATUS_CODE_ERROR, message="no stock")
    event = Span.Event(name="cache.miss", attributes=attributes({"key": "42"}))
    store.write(
        [
            request(span(1, "GET /", attributes=attributes({"who": "ada"}), **at(10))),
            request(span(2, "GET /", attributes=attributes({"who": "bob"}), **at(20, 500))),
            request(span(3, "POST /", status=failed, events=[event], **at(30))),
            request(span(1, "SELECT", **at(11, 900)), service="stock", deployment_name="blue"),
            request(span(4, "SELECT", kind=Span.SPAN_KIND_CLIENT, **at(40)), service="stock"),
        ]
    )
    return store


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [4, 3, 2, 1]),
        ({"service": "shop"}, [3, 2, 1]),
        ({"service": "stock"}, [4, 1]),
        ({"service": "unknown"}, []),
        ({"service": "shop", "operation": "GET /"}, [2, 1]),
        ({"service": "shop", "operation": "SELECT"}, []),
        ({"operation": "SELECT"}, [4, 1]),
        ({"service": "shop", "limit": 2}, [3, 2]),
        ({"service": "shop", "limit": 0}, [3, 2, 1]),
        ({"service": "shop", "start": 15 * SECOND, "end": 25 * SECOND}, [2]),
        ({"service": "shop", "min_duration": 400 * MILLISECOND}, [2, 1]),
        ({"service": "shop", "max_duration": 2 * MILLISECOND}, [3, 1]),
        ({"min_duration": 400 * MILLISECOND, "max_duration": 600 * MILLISECOND}, [2]),
        ({"service": "shop", "tags": {"who": "ada"}}, [1]),
        ({"service": "shop", "tags": {"who": "eve"}}, []),
        ({"service": "shop", "tags": {"error": "true"}}, [3]),
        ({"service": "shop", "tags": {"otel.status_description": "no stock"}}, [3]),
        ({"service": "shop", "tags": {"event": "cache.miss", "key": "42"}}, [3]),
        ({"service": "shop", "tags": {"who": "ada", "error": "true"}}, []),
        ({"service": "stock", "tags": {"span.kind": "client"}}, [4]),
        ({"service": "stock", "tags": {"deployment.name": "blue"}}, [1]),
        ({"service": "shop", "tags": {"deployment.name": "blue"}}, []),
        ({"service": "shop", "tags": {"otel.scope.name": "test"}}, [3, 2, 1]),
        ({"service": "shop", "tags": {"service.name": "shop"}}, []),
        ({"tags": {"who": "ada"}, "min_duration": SECOND // 2}, [1]),
    ],
    ids=str,
)
def test_a_query_finds_its_traces_newest_first(
    shop: Store, asked: dict[str, object], numbers: list[int]
) -> None:
    assert found(shop, **asked) == numbers


def test_two_tags_may_be_on_two_spans_of_the_service(store: Store) -> None:
    first = span(1, attributes=attributes({"a": "1"}))
    second = span(1, span_id=b"12345678", attributes=attributes({"b": "2"}))
    store.write([request(first, second)])

    assert found(store, service="shop", tags={"a": "1", "b": "2"}) == [1]


def test_texts_with_the_same_token_are_distinguished(store: Store) -> None:
    store.write([request(span(1, attributes=attributes({"word": "plumless"})))])

    assert token(("word", "plumless")) == token(("word", "buckeroo"))
    assert found(store, service="shop", tags={"word": "buckeroo"}) == []


def test_any_number_of_services_may_share_an_operation(open_store: Opener) -> None:
    store = open_store()
    store.write([request(span(1, "GET /shared"))])
    store.close()
    share_with_services(store, "GET /shared", 251_000)

    assert found(open_store(), operation="GET /shared") == [1]


def test_a_search_covers_all_segments(open_store: Opener) -> None:
    store = open_store(spans=32)
    numbers = [(5 * number) % 17 for number in range(1, 17)]
    for number in numbers:
        store.write([request(span(number, **at(number)))])

    assert len(store.segments) > 3
    assert found(store, service="shop") == sorted(numbers, reverse=True)


def test_a_tag_and_a_slow_span_may_be_in_different_segments(open_store: Opener) -> None:
    store = open_store(spans=8)
    store.write([request(span(1, attributes=attributes({"who": "ada"}), **at(1)))])
    store.write([request(span(1, "slow", **at(2, 900)), service="stock")])

    assert len(store.segments) == 2
    asked = {"service": "shop", "tags": {"who": "ada"}, "min_duration": SECOND // 2}
    assert found(store, **asked) == [1]


def test_a_scope_may_have_no_name(store: Store) -> None:
    sent = request(span(1))
    sent.resource_spans[0].scope_spans[0].scope.CopyFrom(InstrumentationScope())
    store.write([sent])

    assert found(store, service="shop") == [1]
