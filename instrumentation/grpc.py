"""Interceptors for grpc.aio: all four kinds of call, on both sides.

::

    server = grpc.aio.server(interceptors=[ServerInterceptor(telemetry)])
    channel = grpc.aio.insecure_channel(target, interceptors=client_interceptors(telemetry, target))

Source: semantic conventions, "gRPC" and "RPC metrics".
"""

from __future__ import annotations

import inspect
from asyncio import CancelledError
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

import grpc
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, StatusCode

from instrumentation._server.entry import trust_check
from instrumentation._setup.telemetry import Telemetry, pipeline_of
from instrumentation._support.guard import qualified_name
from instrumentation.conventions import (
    RPC_CLIENT_CALL_DURATION_SECONDS,
    RPC_SERVER_CALL_DURATION_SECONDS,
    Attribute,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator

OK: Final = grpc.StatusCode.OK
CANCELLED: Final = grpc.StatusCode.CANCELLED
_TRAVEL_SECONDS: Final = 0.1
"""Usual limit on the time from a client to its server. A call that its client cancels within the
last tenth of a second has probably exceeded the client's deadline."""
SERVER_ERRORS: Final = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""Status codes that set a server span's status to error. Source: "gRPC", "Status"."""

_HEALTH: Final = "/grpc.health.v1.Health/"
"""Procedures of probes. Source: gRPC, "GRPC Health Checking Protocol"."""

# grpc has no types for these, or its stubs contradict its code.
Continuation = Any
Details = Any
Handler = Any
Message = Any


class ServerInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Interceptor that records a SERVER span and a duration for each call.

    Health checks are not recorded, and neither are handlers that are not async.

    Args:
        telemetry: Returned by ``instrument()``.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        pipeline = pipeline_of(telemetry)
        self._tracer = pipeline.tracer
        self._propagators = pipeline.propagators
        self._entry = pipeline.entry
        self._is_trusted = trust_check(pipeline.settings.trust_incoming)
        self._durations = pipeline.families.histogram(RPC_SERVER_CALL_DURATION_SECONDS)
        self._start_operation = pipeline.guard.operation("request_start")
        self._end_operation = pipeline.guard.operation("request_end")

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the handler of one call, wrapped to record it."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(_HEALTH):
            return handler
        kind = _kind(handler)
        wrapped = self._wrap(getattr(handler, kind), handler_call_details)
        make: Callable[..., Handler] = getattr(grpc, f"{kind}_rpc_method_handler")
        return make(wrapped, handler.request_deserializer, handler.response_serializer)

    def _wrap(
        self, behaviour: Callable[..., Any], details: grpc.HandlerCallDetails
    ) -> Callable[..., Any]:
        async def answer(request: Message, context: Message) -> Message:
            with self._record(details, context):
                return await behaviour(request, context)

        async def stream(request: Message, context: Message) -> AsyncIterator[Message]:
            with self._record(details, context):
                async for response in behaviour(request, context):
                    yield response

        if inspect.isasyncgenfunction(behaviour):
            return stream
        return answer if inspect.iscoroutinefunction(behaviour) else behaviour

    @contextmanager
    def _record(self, details: grpc.HandlerCallDetails, context: Message) -> Iterator[None]:
        call, failure, token = None, None, None
        with self._start_operation:
            token = context_api.attach(self._entry.context())
            call = self._start(details, context.peer())
        try:
            yield
        except BaseException as error:
            failure = error
            raise
        finally:
            with self._end_operation:
                if token is not None:
                    context_api.detach(token)
                if call is not None:
                    self._end(call, context, failure)

    def _start(self, details: grpc.HandlerCallDetails, peer: str) -> _Call:
        method = details.method.lstrip("/")
        base = context_api.get_current()
        links: tuple[Link, ...] = ()
        context = self._propagators.extract(_text_pairs(details.invocation_metadata), base)
        if not self._is_trusted({"client": _client(peer)}):
            caller = trace.get_current_span(context).get_span_context()
            context, links = base, (Link(caller),) if caller.is_valid else ()
        span = self._tracer.start_span(
            method,
            context=context,
            links=links,
            kind=SpanKind.SERVER,
            attributes={"rpc.system.name": "grpc", "rpc.method": method},
        )
        context_api.attach(trace.set_span_in_context(span, context))
        return _Call(span, method, perf_counter())

    def _end(self, call: _Call, context: Message, failure: BaseException | None) -> None:
        code, error = _outcome(context, failure)
        if error and failure is not None:
            call.span.record_exception(failure)
        error = error or (code.name if code in SERVER_ERRORS else "")
        _end(call.span, code, error)
        child = self._durations.child("grpc", call.method, code.name, error)
        child.observe_in(call.span.get_span_context(), perf_counter() - call.started_at)


def _client(peer: str) -> tuple[str, str]:
    """Parse a peer like ``ipv4:10.1.2.3:5`` or ``ipv6:%5B::1%5D:5`` into address and port."""
    address, _, port = unquote(peer).partition(":")[2].rpartition(":")
    return address.strip("[]"), port


def _outcome(context: Message, failure: BaseException | None) -> tuple[grpc.StatusCode, str]:
    """Return the status code, and the name of the exception unless gRPC raised it."""
    match failure:
        case None:
            return _code_of(context) or OK, ""
        case CancelledError() | GeneratorExit():
            return _cancellation_code(context), ""
        case grpc.aio.AbortError():
            return _code_of(context) or grpc.StatusCode.UNKNOWN, ""
        case _:
            return _code_of(context) or grpc.StatusCode.UNKNOWN, qualified_name(failure)


def _cancellation_code(context: Message) -> grpc.StatusCode:
    """Return DEADLINE_EXCEEDED if the call's deadline has passed, otherwise CANCELLED.

    The client's deadline comes first, because the server counts from the arrival of the call.
    """
    remaining = context.time_remaining()
    exceeded = remaining is not None and remaining <= _TRAVEL_SECONDS
    return grpc.StatusCode.DEADLINE_EXCEEDED if exceeded else CANCELLED


class _ClientCalls:
    """Common part of the four client interceptors.

    The caller gets the original call at once, so that it can write, cancel or read in parts. A
    callback of the call records its end.
    """

    def __init__(self, telemetry: Telemetry, target: str) -> None:
        host, _, port = target.rpartition("://")[2].rpartition("/")[2].rpartition(":")
        pipeline = pipeline_of(telemetry)
        self._tracer = pipeline.tracer
        self._propagators = pipeline.propagators
        self._peer = (host or port, port if host else "")
        self._durations = pipeline.families.histogram(RPC_CLIENT_CALL_DURATION_SECONDS)
        self._start_operation = pipeline.guard.operation("client_start")
        self._end_operation = pipeline.guard.operation("client_end")

    async def record_call(
        self, continuation: Continuation, details: Details, request: Message
    ) -> Message:
        """Start the call by *continuation*, and record its span and duration when it is done."""
        recorded = None
        with self._start_operation:
            recorded = self._start(details)
            details = self._with_context(details, recorded.span)
        try:
            call = await continuation(details, request)
        except BaseException as failure:
            code = CANCELLED if isinstance(failure, CancelledError) else _code_of(failure)
            self._end(recorded, code or grpc.StatusCode.UNKNOWN)
            raise
        if call.done():  # another interceptor answered
            self._end(recorded, await call.code())
        else:
            call.add_done_callback(lambda done: self._end(recorded, _result_of(done.code())))
        return call

    def _start(self, details: Details) -> _Call:
        method = _text(details.method).lstrip("/")
        span = self._tracer.start_span(
            method,
            kind=SpanKind.CLIENT,
            attributes={"rpc.system.name": "grpc", "rpc.method": method},
        )
        return _Call(span, method, perf_counter())

    def _with_context(self, details: Details, span: trace.Span) -> Details:
        context = trace.set_span_in_context(span)
        return _with_headers(
            details, self._propagators.outgoing_headers(context, include_baggage=False)
        )

    def _end(self, call: _Call | None, code: grpc.StatusCode) -> None:
        with self._end_operation:
            if call is None:
                return
            error = "" if code is OK else code.name
            _end(call.span, code, error)
            child = self._durations.child("grpc", call.method, code.name, error, *self._peer)
            child.observe_in(call.span.get_span_context(), perf_counter() - call.started_at)


class _Call(NamedTuple):
    """Call in flight."""

    span: trace.Span
    method: str
    started_at: float


def _result_of(answer: Coroutine[Any, Any, grpc.StatusCode]) -> grpc.StatusCode:
    """Return the status code of *answer* without awaiting it; UNKNOWN if it is not ready."""
    try:
        answer.send(None)
    except StopIteration as ready:
        code: grpc.StatusCode = ready.value
        return code
    answer.close()
    return grpc.StatusCode.UNKNOWN


class _UnaryUnary(_ClientCalls, grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: Details, request: Message
    ) -> Message:
        return await self.record_call(continuation, client_call_details, request)


class _StreamUnary(_ClientCalls, grpc.aio.StreamUnaryClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Message
    ) -> Message:
        return await self.record_call(continuation, client_call_details, request_iterator)


class _UnaryStream(_ClientCalls, grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: Details, request: Message
    ) -> Message:
        return await self.record_call(continuation, client_call_details, request)


class _StreamStream(_ClientCalls, grpc.aio.StreamStreamClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Message
    ) -> Message:
        return await self.record_call(continuation, client_call_details, request_iterator)


def client_interceptors(telemetry: Telemetry, target: str) -> list[Any]:
    """Return one interceptor for each kind of call, for a channel to *target*.

    Each records a CLIENT span and a duration, and sends the trace context as metadata.

    Args:
        telemetry: Returned by ``instrument()``.
        target: Target of the channel, like ``orders:9002``.
    """
    kinds = (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)
    return [kind(telemetry, target) for kind in kinds]


def _kind(handler: Handler) -> str:
    request = "stream" if handler.request_streaming else "unary"
    return f"{request}_{'stream' if handler.response_streaming else 'unary'}"


def _with_headers(details: Details, headers: dict[str, str]) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    for name, value in headers.items():
        metadata[name] = value
    return grpc.aio.ClientCallDetails(
        method=details.method,
        timeout=details.timeout,
        metadata=metadata,
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )


def _text_pairs(metadata: Message) -> list[tuple[str, str]]:
    return [(key, value) for key, value in metadata or () if isinstance(value, str)]


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _code_of(source: Message) -> grpc.StatusCode | None:
    """Return the status code of a server context or an exception, or None without one."""
    code = source.code() if hasattr(source, "code") else None
    if isinstance(code, int):
        return next((known for known in grpc.StatusCode if known.value[0] == code), None)
    return code if isinstance(code, grpc.StatusCode) else None


def _end(span: trace.Span, code: grpc.StatusCode, error: str) -> None:
    span.set_attribute("rpc.response.status_code", code.name)
    if error:
        span.set_attribute(Attribute.ERROR_TYPE, error)
        span.set_status(StatusCode.ERROR)
    span.end()
