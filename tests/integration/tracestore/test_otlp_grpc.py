"""OTLP/gRPC, with a client without generated code."""

from collections.abc import Iterator

import grpc
import pytest

from tests.integration.tracestore.trace_store import TraceStore
from tests.unit.tracestore.spans import encoded, span

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
