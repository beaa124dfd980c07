"""Interceptors for grpc.aio: all four kinds of call, on both sides.

::

    server = grpc.aio.server(interceptors=[ServerInterceptor(telemetry)])
    channel = grpc.aio.insecure_channel(target, interceptors=client_interceptors(telemetry, target))

Source: semantic conventions, "gRPC" and "RPC metrics".
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Any, Final

import grpc
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from instrumentation._guard import qualified_name
from instrumentation._telemetry import Telemetry

OK: Final = grpc.StatusCode.OK
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


class Outcome:
    """What the observer of a call learns about it."""

    code: grpc.StatusCode = OK


class ServerInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """One SERVER span and one sample a call; handlers that are not async pass unobserved."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._tracer = telemetry.tracer
        self._propagators = telemetry.propagators
        self._durations = telemetry.families.histogram("rpc_server_call_duration_seconds")

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
            with self._observed(details, context):
                return await behaviour(request, context)

        async def stream(request: Message, context: Message) -> AsyncIterator[Message]:
            with self._observed(details, context):
                async for response in behaviour(request, context):
                    yield response

        if inspect.isasyncgenfunction(behaviour):
            return stream
        return answer if inspect.iscoroutinefunction(behaviour) else behaviour

    @contextmanager
    def _observed(self, details: grpc.HandlerCallDetails, context: Message) -> Iterator[None]:
        method = details.method.lstrip("/")
        started, code, error = perf_counter(), grpc.StatusCode.UNKNOWN, ""
        span = self._tracer.start_span(
            method,
            context=self._propagators.extract(_text_pairs(details.invocation_metadata)),
            kind=SpanKind.SERVER,
            attributes={"rpc.system.name": "grpc", "rpc.method": method},
        )
        token = context_api.attach(trace.set_span_in_context(span))
        try:
            yield
            code = _code_of(context) or OK
        except BaseException as failure:
            code = _code_of(context) or grpc.StatusCode.UNKNOWN
            if not isinstance(failure, grpc.aio.AbortError):
                error = qualified_name(failure)
                span.record_exception(failure)
            raise
        finally:
            context_api.detach(token)
            error = error or (code.name if code in SERVER_FAULTS else "")
            _end(span, code, error)
            child = self._durations.child("grpc", method, code.name, error)
            child.observe_in(span.get_span_context(), perf_counter() - started)


class _ClientCalls:
    """What the four client interceptors share."""

    def __init__(self, telemetry: Telemetry, target: str) -> None:
        host, _, port = target.rpartition("://")[2].rpartition("/")[2].rpartition(":")
        self._tracer = telemetry.tracer
        self._propagators = telemetry.propagators
        self._peer = (host or port, port if host else "")
        self._durations = telemetry.families.histogram("rpc_client_call_duration_seconds")

    @contextmanager
    def observed(self, details: Details) -> Iterator[tuple[Details, Outcome]]:
        """The details with our metadata, and where to say how the call ended."""
        method = _text(details.method).lstrip("/")
        started, outcome, error = perf_counter(), Outcome(), ""
        span = self._tracer.start_span(
            method,
            kind=SpanKind.CLIENT,
            attributes={"rpc.system.name": "grpc", "rpc.method": method},
        )
        try:
            context = trace.set_span_in_context(span)
            headers = self._propagators.outgoing(context, with_members=False)
            yield _with_headers(details, headers), outcome
        except BaseException as failure:
            outcome.code = _code_of(failure) or grpc.StatusCode.UNKNOWN
            error = "" if isinstance(failure, grpc.aio.AioRpcError) else qualified_name(failure)
            raise
        finally:
            error = error or ("" if outcome.code is OK else outcome.code.name)
            _end(span, outcome.code, error)
            labels = ("grpc", method, outcome.code.name, error, *self._peer)
            child = self._durations.child(*labels)
            child.observe_in(span.get_span_context(), perf_counter() - started)

    async def answered(
        self, continuation: Continuation, details: Details, request: Message
    ) -> Message:
        """A call with one response."""
        with self.observed(details) as (sent, outcome):
            call = await continuation(sent, request)
            outcome.code = await call.code()
            return call

    async def streamed(
        self, continuation: Continuation, details: Details, request: Message
    ) -> AsyncIterator[Message]:
        """A call with many responses; it ends with the last one."""
        with ExitStack() as stack:
            sent, outcome = stack.enter_context(self.observed(details))
            call = await continuation(sent, request)
            return _responses(call, outcome, stack.pop_all())


async def _responses(call: Message, outcome: Outcome, rest: ExitStack) -> AsyncIterator[Message]:
    with rest:
        async for response in call:
            yield response
        outcome.code = await call.code()


class _UnaryUnary(_ClientCalls, grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: Details, request: Message
    ) -> Message:
        return await self.answered(continuation, client_call_details, request)


class _StreamUnary(_ClientCalls, grpc.aio.StreamUnaryClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Message
    ) -> Message:
        return await self.answered(continuation, client_call_details, request_iterator)


class _UnaryStream(_ClientCalls, grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: Details, request: Message
    ) -> Message:
        return await self.streamed(continuation, client_call_details, request)


class _StreamStream(_ClientCalls, grpc.aio.StreamStreamClientInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Message
    ) -> Message:
        return await self.streamed(continuation, client_call_details, request_iterator)


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
