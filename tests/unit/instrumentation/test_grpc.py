"""grpc.aio calls of all four kinds, between a real server and a real channel."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from opentelemetry import baggage, context

from instrumentation import Settings, Telemetry
from instrumentation._setup.recording import ENVIRON, recording
from instrumentation._setup.telemetry import pipeline_of
from instrumentation.grpc import ServerInterceptor, client_interceptors
from instrumentation.testing import Recording
from tests.injection import injected

Anything = Any
"""Type of contexts and channels, which differs between grpc and its stubs."""

Call = Callable[[Anything], Awaitable[object]]


async def echo(request: bytes, _: Anything) -> bytes:
    return request


async def respond_twice(request: bytes, _: Anything) -> AsyncIterator[bytes]:
    yield request
    yield request


async def join(requests: AsyncIterator[bytes], _: Anything) -> bytes:
    return b"".join([request async for request in requests])


async def each(requests: AsyncIterator[bytes], _: Anything) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def missing(_: bytes, context: Anything) -> bytes:
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such item")
    return b""


async def broken(_: bytes, __: Anything) -> bytes:
    raise LookupError("boom")


HANDLERS = {
    "Echo": grpc.unary_unary_rpc_method_handler(echo),
    "Twice": grpc.unary_stream_rpc_method_handler(respond_twice),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Each": grpc.stream_stream_rpc_method_handler(each),
    "Missing": grpc.unary_unary_rpc_method_handler(missing),
    "Broken": grpc.unary_unary_rpc_method_handler(broken),
}


async def parts() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


async def all_of(call: AsyncIterator[bytes]) -> list[bytes]:
    return [response async for response in call]


class Endless:
    """Handler that never answers in time."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def answer(self, _: bytes, __: Anything) -> bytes:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
        return b""

    def handlers(self) -> dict[str, Anything]:
        return {"Endless": grpc.unary_unary_rpc_method_handler(self.answer)}


async def call_service(
    telemetry: Recording, call: Call, handlers: dict[str, Anything] = HANDLERS
) -> object:
    """Return the result of *call*, with interceptors in the server and the channel."""
    return await asyncio.wait_for(serve_and_call(telemetry.telemetry, call, handlers), 60)


async def serve_and_call(telemetry: Telemetry, call: Call, handlers: dict[str, Anything]) -> object:
    server = grpc.aio.server(interceptors=[ServerInterceptor(telemetry)])
    service = grpc.method_handlers_generic_handler("shop.Shelf", handlers)
    server.add_generic_rpc_handlers((service,))
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    interceptors = client_interceptors(telemetry, target)
    try:
        async with grpc.aio.insecure_channel(target, interceptors=interceptors) as channel:
            return await call(channel)
    finally:
        await server.stop(None)


CALLS: dict[str, tuple[Call, object]] = {
    "Echo": (lambda channel: channel.unary_unary(path("Echo"))(b"x"), b"x"),
    "Twice": (lambda channel: all_of(channel.unary_stream(path("Twice"))(b"x")), [b"x", b"x"]),
    "Join": (lambda channel: channel.stream_unary(path("Join"))(parts()), b"ab"),
    "Each": (lambda channel: all_of(channel.stream_stream(path("Each"))(parts())), [b"a", b"b"]),
}
"""A call of each kind and its response."""


def path(method: str) -> str:
    return f"/shop.Shelf/{method}"


@pytest.mark.parametrize("method", CALLS)
def test_a_call_of_any_kind_is_one_trace(telemetry: Recording, method: str) -> None:
    call, answer = CALLS[method]

    async def await_call(channel: Anything) -> object:
        return await call(channel)

    assert asyncio.run(call_service(telemetry, await_call)) == answer

    name = f"shop.Shelf/{method}"
    telemetry.assert_trace((name, name))
    assert [span.kind for span in telemetry.spans] == ["CLIENT", "SERVER"]
    assert telemetry.metric("rpc_server_call_duration_seconds_count", rpc_method=name) == 1
    assert telemetry.metric("rpc_client_call_duration_seconds_count", rpc_method=name) == 1


def test_a_health_check_is_not_recorded(telemetry: Recording) -> None:
    """Source: gRPC, "GRPC Health Checking Protocol"."""

    async def check() -> Anything:
        interceptor = ServerInterceptor(telemetry.telemetry)
        details: Anything = grpc.aio.ClientCallDetails(
            "/grpc.health.v1.Health/Check", None, None, None, None
        )
        return await interceptor.intercept_service(handler_of, details)

    assert asyncio.run(check()) is HANDLERS["Echo"]


async def handler_of(_: Anything) -> Anything:
    return HANDLERS["Echo"]


def tenant() -> bytes:
    return str(baggage.get_baggage("tenant")).encode()


async def send_tenant(_: Anything, __: Anything) -> bytes:
    return tenant()


async def stream_tenant(_: Anything, __: Anything) -> AsyncIterator[bytes]:
    yield tenant()


async def read_all(call: Anything) -> object:
    return await call


async def read_one(call: Anything) -> object:
    return await call.read()


BAGGAGE_HANDLERS = {
    "Echo": grpc.unary_unary_rpc_method_handler(send_tenant),
    "Twice": grpc.unary_stream_rpc_method_handler(stream_tenant),
    "Join": grpc.stream_unary_rpc_method_handler(send_tenant),
    "Each": grpc.stream_stream_rpc_method_handler(stream_tenant),
}


@pytest.mark.parametrize(
    ("headers", "found"), [((), b"None"), ((("baggage", "tenant=blue"),), b"blue")]
)
@pytest.mark.parametrize(
    ("method", "kind", "request_of", "read"),
    [
        ("Echo", "unary_unary", bytes, read_all),
        ("Twice", "unary_stream", bytes, read_one),
        ("Join", "stream_unary", parts, read_all),
        ("Each", "stream_stream", parts, read_one),
    ],
)
def test_a_call_has_only_the_baggage_of_its_caller(  # noqa: PLR0913, PLR0917  a row of the tables
    telemetry: Recording,
    method: str,
    kind: str,
    request_of: Callable[[], object],
    read: Call,
    headers: Anything,
    found: bytes,
) -> None:
    async def call(channel: Anything) -> object:
        called = getattr(channel, kind)(path(method))(request_of(), metadata=headers)
        return await read(called)

    token = context.attach(baggage.set_baggage("tenant", "red"))
    answer = asyncio.run(call_service(telemetry, call, BAGGAGE_HANDLERS))
    context.detach(token)

    assert answer == found


@pytest.mark.parametrize(
    ("trust", "continued"), [("127.0.0.0/8", True), ("192.0.2.0/24", False), ("never", False)]
)
def test_the_trace_of_an_untrusted_caller_is_only_linked(trust: str, *, continued: bool) -> None:
    async def call(channel: Anything) -> object:
        return await channel.unary_unary(path("Echo"))(b"x")

    settings = Settings.from_env(ENVIRON | {"SIGHTLINE_TRUST_INCOMING": trust})
    with recording(settings) as (spans, telemetry):
        asyncio.run(asyncio.wait_for(serve_and_call(telemetry, call, HANDLERS), 60))
        client, server = spans.finished()

    assert (server.trace_id == client.trace_id) is continued
    assert (server.parent_id == client.span_id) is continued
    assert server.links == (() if continued else (client.span_id,))


@pytest.mark.parametrize(
    ("method", "code", "server"),
    [("Missing", "NOT_FOUND", "UNSET"), ("Broken", "UNKNOWN", "ERROR")],
)
def test_a_failed_call_has_its_code_on_both_sides(
    telemetry: Recording, method: str, code: str, server: str
) -> None:
    async def call(channel: Anything) -> object:
        return await channel.unary_unary(f"/shop.Shelf/{method}")(b"x")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        asyncio.run(call_service(telemetry, call))

    assert caught.value.code().name == code
    assert [span.attributes["rpc.response.status_code"] for span in telemetry.spans] == [code] * 2
    assert [span.status for span in telemetry.spans] == ["ERROR", server]


def test_a_caller_may_write_and_read_a_stream_itself(telemetry: Recording) -> None:
    async def call(channel: Anything) -> object:
        joined = channel.stream_unary(path("Join"))()
        await joined.write(b"a")
        await joined.write(b"b")
        await joined.done_writing()
        each = channel.stream_stream(path("Each"))()
        await each.write(b"c")
        return await joined, await each.read()

    assert asyncio.run(call_service(telemetry, call)) == (b"ab", b"c")


def test_a_cancelled_call_is_cancelled_on_both_sides(telemetry: Recording) -> None:
    endless = Endless()

    async def call(channel: Anything) -> object:
        waiting = channel.unary_unary(path("Endless"))(b"x")
        await endless.asked.wait()
        waiting.cancel()
        await endless.cancelled.wait()
        return waiting.cancelled()

    assert asyncio.run(call_service(telemetry, call, endless.handlers())) is True

    codes = [span.attributes["rpc.response.status_code"] for span in telemetry.spans]
    assert codes == ["CANCELLED", "CANCELLED"]
    assert [span.status for span in telemetry.spans] == ["ERROR", "UNSET"]


def test_an_exceeded_deadline_is_an_error_on_both_sides(telemetry: Recording) -> None:
    endless = Endless()

    async def call(channel: Anything) -> object:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary(path("Endless"))(b"x", timeout=0.3)
        return await endless.cancelled.wait()

    assert asyncio.run(call_service(telemetry, call, endless.handlers())) is True

    errors = [span.attributes["error.type"] for span in telemetry.spans]
    assert errors == ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"]


def test_an_abandoned_stream_is_one_span_that_ends(telemetry: Recording) -> None:
    async def call(channel: Anything) -> object:
        stream = channel.unary_stream(path("Twice"))(b"x")
        first = await stream.read()
        stream.cancel()
        return first

    assert asyncio.run(call_service(telemetry, call)) == b"x"

    assert "CLIENT" in [span.kind for span in telemetry.spans]


@pytest.mark.parametrize("method", CALLS)
def test_an_internal_error_does_not_reach_the_call(method: str) -> None:
    call, answer = CALLS[method]

    async def await_call(channel: Anything) -> object:
        return await call(channel)

    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    with (
        Telemetry(settings, service="shelf") as found,
        injected(found.registry, (pipeline_of(found), "tracer")),
    ):
        assert asyncio.run(serve_and_call(found, await_call, HANDLERS)) == answer
