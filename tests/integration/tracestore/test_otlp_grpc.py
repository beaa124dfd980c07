"""OTLP/gRPC, with a client without generated code."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from queue import Queue
from typing import Any

import grpc
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.integration.tracestore import hostile
from tests.integration.tracestore.trace_store import TraceStore
from tests.unit.tracestore.spans import attributes, encoded, request, span

SERVICES = "/opentelemetry.proto.collector"
EXPORT = f"{SERVICES}.trace.v1.TraceService/Export"


@pytest.fixture
def channel(receiver: TraceStore) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{receiver.ports.otlp_grpc}") as opened:
        yield opened


def exporter(channel: grpc.Channel, method: str) -> "grpc.UnaryUnaryMultiCallable[bytes, bytes]":
    """*method*, bytes in, bytes out."""
    return channel.unary_unary(method, request_serializer=None, response_deserializer=None)


def status_of(channel: grpc.Channel, method: str, body: bytes) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as refused:
        exporter(channel, method)(body, timeout=60)
    code: grpc.StatusCode = refused.value.code()
    return code


def test_an_exported_span_is_returned(channel: grpc.Channel, receiver: TraceStore) -> None:
    answer = exporter(channel, EXPORT)(encoded(span(0xABC, "by gRPC")), timeout=60)

    (trace,) = receiver.ask("/api/traces/abc").json["data"]
    assert answer == b"\n\0"
    assert [found["operationName"] for found in trace["spans"]] == ["by gRPC"]


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        (EXPORT, b"\xff\xff", grpc.StatusCode.INTERNAL),
        (EXPORT, b"x" * (4 * 1024 * 1024 + 1), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (EXPORT + "All", b"", grpc.StatusCode.UNIMPLEMENTED),
        (
            f"{SERVICES}.metrics.v1.MetricsService/Export",
            b"",
            grpc.StatusCode.UNIMPLEMENTED,
        ),
    ],
    ids=["malformed", "too large", "no such method", "metrics"],
)
def test_an_invalid_request_gets_its_status(
    channel: grpc.Channel, method: str, body: bytes, code: grpc.StatusCode
) -> None:
    assert status_of(channel, method, body) is code


def test_unfinished_requests_make_room_for_others(
    channel: grpc.Channel, receiver: TraceStore
) -> None:
    ended = threading.Event()

    def nothing() -> Iterator[bytes]:
        ended.wait(60)
        yield from ()

    send = channel.stream_unary(EXPORT, request_serializer=None, response_deserializer=None)
    refused: Queue[Any] = Queue()
    for _ in range(13):
        send.future(nothing()).add_done_callback(refused.put)
    refusal = refused.get(timeout=30)
    answer = exporter(channel, EXPORT)(encoded(span(0xDEF)), timeout=60)
    ended.set()

    assert refusal.code() is grpc.StatusCode.UNAVAILABLE
    assert answer == b"\n\0"
    assert receiver.ask("/api/traces/def").status == 200


def test_a_call_without_a_message_is_refused(channel: grpc.Channel) -> None:
    send = channel.stream_unary(EXPORT, request_serializer=None, response_deserializer=None)

    with pytest.raises(grpc.RpcError) as refused:
        send(iter(()), timeout=60)

    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.UNKNOWN, "EOF")


def test_many_clients_at_the_same_time_are_served(receiver: TraceStore) -> None:
    usual = attributes({f"http.attribute.{number}": "a usual value" for number in range(7)})
    body = encoded(*(span(0xBEEF + number, attributes=usual) for number in range(512)))
    with ExitStack() as opened:
        clients = [opened.enter_context(hostile.grpc_client(receiver)) for _ in range(30)]
        calls = [send.future(body, timeout=60) for send in clients for _ in range(3)]

        assert {call.code() for call in calls} == {grpc.StatusCode.OK}


def test_too_many_items_are_refused(channel: grpc.Channel) -> None:
    body = request(*[Span()] * 300_000).SerializeToString()

    assert status_of(channel, EXPORT, body) is grpc.StatusCode.INVALID_ARGUMENT
