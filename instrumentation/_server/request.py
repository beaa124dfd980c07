"""HTTP request with its span and samples, from the headers to the last body message."""

from collections.abc import Awaitable, Callable
from contextvars import Token
from time import perf_counter
from typing import Final, NamedTuple, Protocol

from opentelemetry import trace
from opentelemetry.context import Context

from instrumentation._metrics.families import ServerMetrics
from instrumentation._otlp.outcome import SERVER_ERROR, Outcome
from instrumentation._server.attributes import ServerAttributes
from instrumentation._server.entry import Entry
from instrumentation._server.route import Routes
from instrumentation._server.spans import HeaderMap, ServerConnection
from instrumentation._server.websocket import HANDSHAKE, WebSocket
from instrumentation._spans.context import detach
from instrumentation._spans.error_span import set_error_span
from instrumentation._spans.span import RequestSpan
from instrumentation._spans.unrecorded import UnrecordedSpan
from instrumentation._support.asgi_types import Message, Receive, Scope, Send
from instrumentation._support.guard import Guard, qualified_name
from instrumentation.conventions import OTHER_METHOD

BODY: Final = "http.response.body"
START: Final = "http.response.start"
TRAILERS: Final = "http.response.trailers"
FILE_MESSAGES: Final = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
REQUEST_BODY: Final = "http.request"
CONTENT_LENGTH: Final = b"content-length"
MAX_LENGTH_DIGITS: Final = 18
"""Digits of a plausible ``Content-Length``; longer values are ignored."""

WITH_BODY: Final = frozenset({"PATCH", "POST", "PUT"})
"""Methods whose requests have a body even without ``Content-Length``."""


class Spans(Protocol):
    """Starter of the span of a request or WebSocket."""

    def start(self, connection: ServerConnection, scope: Scope, header_map: HeaderMap) -> None:
        """Start the span of *connection* and attach its context."""


class Recorders(NamedTuple):
    """Components that record the requests of one service."""

    spans: Spans
    entry: Entry
    metrics: ServerMetrics
    attributes: ServerAttributes
    guard: Guard
    response_headers: tuple[str, ...]
    """Response headers that become attributes, in lower case."""
    foreign_spans: bool
    """True when another engine creates the spans; they are read from the context."""


class Requests:
    """Factory of requests and WebSockets, with everything that is bound at set-up."""

    def __init__(self, recorders: Recorders) -> None:
        self._active = recorders.metrics.active
        self.spans = recorders.spans
        self._isolate = recorders.entry.isolate
        self.route_of = Routes().route_of
        self._socket_outcomes = recorders.attributes.socket_outcomes
        self.outcomes = recorders.attributes.outcomes
        self.foreign_spans = recorders.foreign_spans
        self.header_attributes = {
            name.encode("latin-1"): f"http.response.header.{name}"
            for name in recorders.response_headers
        }
        """Attribute names by response header."""
        self.header_value = recorders.attributes.header_value
        self.series = recorders.metrics.series
        self._start_operation = recorders.guard.operation("span_start")
        self.send_operation = recorders.guard.operation("response")

    def begin(self, scope: Scope, send: Send) -> "Request":
        """Start the span, make it current and count the request as active."""
        method = scope["method"]
        active = self._active.get(method)
        if active is None:
            method = OTHER_METHOD
            active = self._active[method]
        increment, decrement = active
        header_map = dict(scope["headers"])
        request = Request(self, scope, send, method, decrement)
        increment()
        length = header_map.get(CONTENT_LENGTH)
        if length is None:
            request.body_size_known = method not in WITH_BODY
        elif length.isdigit() and len(length) <= MAX_LENGTH_DIGITS:
            request.body_size = int(length)
        try:
            self.spans.start(request, scope, header_map)
        except Exception as error:
            request.token = self._isolate(scope)
            self._start_operation.record_failure(error)
        return request

    def open(self, scope: Scope, receive: Receive, send: Send) -> WebSocket:
        """Start the span of a WebSocket and make it current."""
        socket = WebSocket(
            scope,
            receive,
            send,
            operation=self.send_operation,
            outcome=self._socket_outcome,
        )
        self.spans.start(socket, scope, dict(scope["headers"]))
        return socket

    def _socket_outcome(self, scope: Scope, status_code: int, error_type: str) -> Outcome:
        return self._socket_outcomes[HANDSHAKE, self.route_of(scope), status_code, error_type]


class Request:
    """Request in flight."""

    # Defaults on the class, so that __init__ writes fewer fields.
    _ended_at = 0.0
    _status_code = 0
    _response_size = 0
    _trailers = False
    _foreign_context = trace.INVALID_SPAN_CONTEXT  # or the context of another engine's span
    error: BaseException | None = None
    body_size: int | None = None
    body_size_known = True
    """True when the size of the request body is known or no body is expected."""
    span: RequestSpan | None = None
    current_span: RequestSpan | UnrecordedSpan | None = None
    token: Token[Context] | None = None

    def __init__(
        self,
        requests: Requests,
        scope: Scope,
        send: Send,
        method: str,
        active: Callable[[], None],
    ) -> None:
        self._requests = requests
        self._scope = scope
        self._send = send
        self.method = method
        self._active: Callable[[], None] | None = active
        self._started_at = perf_counter()

    def counted_receive(self, receive: Receive) -> Receive:
        """Wrap *receive* so that it counts the bytes of the body."""
        size = 0

        async def receive_and_count() -> Message:
            nonlocal size
            message = await receive()
            try:
                if message["type"] == REQUEST_BODY:
                    size += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        self.body_size = size
            except Exception as error:
                self._requests.send_operation.record_failure(error)
            return message

        return receive_and_count

    def send(self, message: Message) -> Awaitable[None]:
        """Forward *message*; the last one ends the request."""
        try:
            if message.get("more_body"):  # of a stream, which may have thousands
                self._response_size += len(message.get("body", b""))
            elif (kind := message["type"]) == START:
                self._status_code = message["status"]
                self._trailers = message.get("trailers", False)
                if self._requests.header_attributes:
                    self._capture(message)
            elif kind == BODY:
                self._response_size += len(message.get("body", b""))
                if not self._trailers:
                    return self._send_last(message)
            elif _is_last_message(message):
                return self._send_last(message)
        except Exception as error:
            self._requests.send_operation.record_failure(error)
        return self._send(message)

    async def _send_last(self, message: Message) -> None:
        await self._send(message)
        try:
            self._response_sent()
        except Exception as error:
            self._requests.send_operation.record_failure(error)

    def _capture(self, message: Message) -> None:
        if self.span is None:
            return
        for name, value in message.get("headers", ()):
            attribute = self._requests.header_attributes.get(name.lower())
            if attribute is not None:
                self.span.set_attribute(attribute, self._requests.header_value(value))

    def _response_sent(self) -> None:
        """Record a complete response; a failed one is recorded later, with its exception."""
        self._ended_at = perf_counter()
        if self._requests.foreign_spans:
            self._foreign_context = trace.get_current_span().get_span_context()
        if self._status_code < SERVER_ERROR:
            self._record()

    def finish(self) -> None:
        """Record the request if its last message did not, and leave its context."""
        try:
            if self._active is not None:
                self._record()
        finally:
            self._leave()

    def _leave(self) -> None:
        try:
            if self.error is not None:
                set_error_span(self.error, self._foreign_context)
        finally:
            if self.token is not None:
                detach(self.token)
            if self.current_span is not None:
                self.current_span.app_returned = True

    def _record(self) -> None:
        """Record the request, once."""
        active, self._active = self._active, None
        if active is None:
            return
        active()
        ended_at = self._ended_at or perf_counter()
        duration = ended_at - self._started_at
        method, span = self.method, self.span
        route, error = self._requests.route_of(self._scope), self.error
        failed = error is not None or not 0 < self._status_code < SERVER_ERROR
        kind = self._error_type() if failed else ""
        status_code = self._status_code
        labels = (method, route, status_code or "", kind)
        known = self._requests.series
        series = known.children.get(labels) or known.child(*labels)
        bucket = series.observe(duration, 0 if method == "HEAD" else self._response_size)
        if self.body_size is not None:
            series.request_size.observe(self.body_size)
        context = span.get_span_context() if span is not None else self._foreign_context
        if context.trace_flags & 1:
            series.duration.set_exemplar(bucket, duration, context, ended_at)
        if span is None:
            return
        try:
            if error is not None:
                kind = qualified_name(error)
                span.record_exception(error, timestamp=span.time_after(duration))
        finally:
            span.complete(self._requests.outcomes[method, route, status_code, kind], duration)

    def _error_type(self) -> str:
        """Return the status code of a server error, or else the type of the exception.

        Source: semantic conventions, ``error.type``. The code keeps the label's cardinality low.
        """
        if self._status_code >= SERVER_ERROR:
            return str(self._status_code)
        error = self.error
        if error is not None and (self._status_code or not isinstance(error, Exception)):
            return qualified_name(error)  # incomplete response, or cancelled before the response
        self._status_code = SERVER_ERROR
        return str(SERVER_ERROR)


def _is_last_message(message: Message) -> bool:
    """Return true when *message*, which is no body, is the last one of its response."""
    if message["type"] == TRAILERS:
        return not message.get("more_trailers", False)
    return message["type"] in FILE_MESSAGES
