"""Interceptors for grpc.aio: all four kinds of call, on both sides.

::

    server = grpc.aio.server(interceptors=[ServerInterceptor(telemetry)])
    channel = grpc.aio.insecure_channel(target, interceptors=client_interceptors(telemetry, target))

Source: semantic conventions, "gRPC" and "RPC metrics".
"""

import inspect
from asyncio import CancelledError
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import grpc
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, StatusCode

from instrumentation._setup.telemetry import Telemetry
from instrumentation._spans.trust import trust_check
from instrumentation._support.guard import qualified_name

OK: Final = grpc.StatusCode.OK
CANCELLED: Final = grpc.StatusCode.CANCELLED
SERVER_FAULTS: Final = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""Codes that make a server's span fail; others are the caller's. Source: "gRPC", "Status"."""

# Where grpc has no types, or its stubs and its code disagree about them.
Continuation = Any
Details = Any
Handler = Any
Message = Any


class ServerInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """One SERVER span and one sample a call; handlers that are not async pass unobserved."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._tracer = telemetry.tracer
        self._propagators = telemetry.propagators
        self._entry = telemetry.entry
        self._trusted = trust_check(telemetry.settings.trust_incoming)
        self._durations = telemetry.families.histogram("rpc_server_call_duration_seconds")
        self._starting = telemetry.guard.operation("request_start")
        self._finishing = telemetry.guard.operation("request_end")

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        kind = _kind(handler)
        wrapped = self._wrapped(getattr(handler, kind), handler_call_details)
        make: Callable[..., Handler] = getattr(grpc, f"{kind}_rpc_method_handler")
        return make(wrapped, handler.request_deserializer, handler.response_serializer)

    def _wrapped(
        self, behaviour: Callable[..., Any], details: grpc.HandlerCallDetails
    ) -> Callable[..., Any]:
        async def answer(request: Message, context: Message) -> Message:
            with self._watched(details, context):
                return await behaviour(request, context)

        async def stream(request: Message, context: Message) -> AsyncIterator[Message]:
            with self._watched(details, context):
                async for response in behaviour(request, context):
                    yield response

        if inspect.isasyncgenfunction(behaviour):
            return stream
        return answer if inspect.iscoroutinefunction(behaviour) else behaviour

    @contextmanager
    def _watched(self, details: grpc.HandlerCallDetails, context: Message) -> Iterator[None]:
        observed, failure, token = None, None, None
        with self._starting:
            token = context_api.attach(self._entry.context())
            observed = self._begin(details, context.peer())
        try:
            yield
        except BaseException as error:
            failure = error
            raise
        finally:
            with self._finishing:
                if token is not None:
                    context_api.detach(token)
                if observed is not None:
                    self._end(observed, context, failure)

    def _begin(self, details: grpc.HandlerCallDetails, peer: str) -> "_Observed":
        method = details.method.lstrip("/")
        alone = context_api.get_current()
        links: tuple[Link, ...] = ()
        context = self._propagators.extract(_text_pairs(details.invocation_metadata), alone)
        if not self._trusted({"client": _client(peer)}):
            caller = trace.get_current_span(context).get_span_context()
            context, links = alone, (Link(caller),) if caller.is_valid else ()
        span = self._tracer.start_span(
            method,
            context=context,
            links=links,
            kind=SpanKind.SERVER,
            attributes={"rpc.system.name": "grpc", "rpc.method": method},
        )
        context_api.attach(trace.set_span_in_context(span, context))
        return _Observed(span, method, perf_counter())

    def _end(self, observed: "_Observed", context: Message, failure: BaseException | None) -> None:
        code, error = _outcome(context, failure)
        if error and failure is not None:
            observed.span.record_exception(failure)
        error = error or (code.name if code in SERVER_FAULTS else "")
        _end(observed.span, code, error)
        child = self._durations.child("grpc", observed.method, code.name, error)
        child.observe_in(observed.span.get_span_context(), perf_counter() - observed.started_at)


def _client(peer: str) -> tuple[str, str]:
    """Address and port, as ASGI has them, of ``ipv4:10.1.2.3:5`` or ``ipv6:%5B::1%5D:5``."""
    address, _, port = unquote(peer).partition(":")[2].rpartition(":")
    return address.strip("[]"), port


def _outcome(context: Message, failure: BaseException | None) -> tuple[grpc.StatusCode, str]:
    """Status code, and the exception that was none of gRPC's own."""
    match failure:
        case None:
            return _code_of(context) or OK, ""
        case CancelledError() | GeneratorExit():
            return _given_up(context), ""
        case grpc.aio.AbortError():
            return _code_of(context) or grpc.StatusCode.UNKNOWN, ""
        case _:
            return _code_of(context) or grpc.StatusCode.UNKNOWN, qualified_name(failure)


def _given_up(context: Message) -> grpc.StatusCode:
    """Why nobody waits for the answer any more."""
    left = context.time_remaining()
    late = left is not None and left <= 0
    return grpc.StatusCode.DEADLINE_EXCEEDED if late else CANCELLED


class _ClientCalls:
    """What the four client interceptors share.

    The call goes back to the caller as it is, and at once: he may want to write to it, to cancel
    it, to read a part. It tells us when it is done.
    """

    def __init__(self, telemetry: Telemetry, target: str) -> None:
        host, _, port = target.rpartition("://")[2].rpartition("/")[2].rpartition(":")
        self._tracer = telemetry.tracer
        self._propagators = telemetry.propagators
        self._peer = (host or port, port if host else "")
        self._durations = telemetry.families.histogram("rpc_client_call_duration_seconds")
        self._starting = telemetry.guard.operation("client_start")
        self._finishing = telemetry.guard.operation("client_end")

    async def called(
        self, continuation: Continuation, details: Details, request: Message
    ) -> Message:
        """What *continuation* gives, its end observed."""
        observed = None
        with self._starting:
            observed = self._observed(details)
            details = self._with_context(details, observed.span)
        try:
            call = await continuation(details, request)
        except BaseException as failure:
            code = CANCELLED if isinstance(failure, CancelledError) else _code_of(failure)
            self._end(observed, code or grpc.StatusCode.UNKNOWN)
            raise
        if call.done():  # another interceptor answered
            self._end(observed, await call.code())
        else:
            call.add_done_callback(lambda done: self._end(observed, _settled(done.code())))
        return call

    def _observed(self, details: Details) -> "_Observed":
        method = _text(details.method).lstrip("/")
        span = self._tracer.start_span(
            method,
            kind=SpanKind.CLIENT,
            attributes={"rpc.system.name": "grpc", "rpc.method": method},
        )
        return _Observed(span, method, perf_counter())

    def _with_context(self, details: Details, span: trace.Span) -> Details:
        context = trace.set_span_in_context(span)
        return _with_headers(
            details, self._propagators.outgoing_headers(context, include_baggage=False)
        )

    def _end(self, observed: "_Observed | None", code: grpc.StatusCode) -> None:
        with self._finishing:
            if observed is None:
                return
            error = "" if code is OK else code.name
            _end(observed.span, code, error)
            child = self._durations.child("grpc", observed.method, code.name, error, *self._peer)
            child.observe_in(observed.span.get_span_context(), perf_counter() - observed.started_at)


class _Observed(NamedTuple):
    """A call under way."""

    span: trace.Span
    method: str
    started_at: float


def _settled(answer: Coroutine[Any, Any, grpc.StatusCode]) -> grpc.StatusCode:
    """What *answer* has ready."""
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
        return await self.called(continuation, client_call_details, request)


class _StreamUnary(_ClientCalls, grpc.aio.StreamUnaryClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Message
    ) -> Message:
        return await self.called(continuation, client_call_details, request_iterator)


class _UnaryStream(_ClientCalls, grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: Details, request: Message
    ) -> Message:
        return await self.called(continuation, client_call_details, request)


class _StreamStream(_ClientCalls, grpc.aio.StreamStreamClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Message
    ) -> Message:
        return await self.called(continuation, client_call_details, request_iterator)


def client_interceptors(telemetry: Telemetry, target: str) -> list[Any]:
    """One interceptor for each kind of call, for a channel to *target*."""
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
    """The status code that a context was given or an error carries."""
    code = source.code() if hasattr(source, "code") else None
    if isinstance(code, int):
        return next((known for known in grpc.StatusCode if known.value[0] == code), None)
    return code if isinstance(code, grpc.StatusCode) else None


def _end(span: trace.Span, code: grpc.StatusCode, error: str) -> None:
    span.set_attribute("rpc.response.status_code", code.name)
    if error:
        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)
    span.end()
