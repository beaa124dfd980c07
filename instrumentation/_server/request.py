"""HTTP request with its span and samples, from the headers to the last body message."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

from opentelemetry import trace

from instrumentation._otlp.attribute_group import SERVER_ERROR, Outcome
from instrumentation._server.attributes import HANDSHAKE, ServerAttributes
from instrumentation._server.route import Routes
from instrumentation._support.guard import Guard, qualified_name
from instrumentation._support.opentelemetry_access import detach
from instrumentation._support.record import Record
from instrumentation.conventions import CLIENT_DISCONNECTED, OTHER_METHOD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Token

    from opentelemetry.context import Context

    from instrumentation._metrics.families import ServerMetrics
    from instrumentation._server.disconnect import Disconnect
    from instrumentation._server.entry import Entry
    from instrumentation._server.protocols import Spans
    from instrumentation._server.spans import UnrecordedSpan
    from instrumentation._server.websocket import WebSocket
    from instrumentation._spans.span import RequestSpan
    from instrumentation._support.asgi_types import Message, Receive, Scope, Send

BODY: Final = "http.response.body"
START: Final = "http.response.start"
TRAILERS: Final = "http.response.trailers"
FILE_MESSAGES: Final = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
REQUEST_BODY: Final = "http.request"
CONTENT_LENGTH: Final = b"content-length"
MAX_LENGTH_DIGITS: Final = 18
"""Digits of a plausible ``Content-Length``; longer values are ignored."""


class Recorders(Record):
    """Components that record the requests of one service."""

    spans: Spans
    entry: Entry
    metrics: ServerMetrics
    attributes: ServerAttributes
    guard: Guard
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
        self.captures_headers = recorders.attributes.captures_response_headers
        self.captured_headers = recorders.attributes.response_headers
        self.series = recorders.metrics.series
        self._start_operation = recorders.guard.operation("span_start")
        self.send_operation = recorders.guard.operation("response")

    def begin(self, scope: Scope, receive: Receive, send: Send) -> Request:
        """Start the span, make it current and count the request as active."""
        method = scope["method"]
        active = self._active.get(method)
        if active is None:
            method = OTHER_METHOD
            active = self._active[method]
        increment, decrement = active
        header_map = dict(scope["headers"])
        request = Request(self, scope, receive, send, method)
        request.active = decrement
        increment()
        length = header_map.get(CONTENT_LENGTH)
        if length is not None and length.isdigit() and len(length) <= MAX_LENGTH_DIGITS:
            request.body_size = int(length)
        try:
            self.spans.start(request, scope, header_map)
        except Exception as error:
            request.token = self._isolate(scope)
            self._start_operation.record_failure(error)
        return request

    def open(self, scope: Scope, receive: Receive, send: Send) -> WebSocket:
        """Start the span of a WebSocket and make it current."""
        from instrumentation._server.websocket import WebSocket

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
        route = self.route_of(scope, status_code)
        return self._socket_outcomes[HANDSHAKE, route, status_code, error_type]


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
    """Bytes of the request's body; None when they are unknown."""
    _answered = False
    _received_size = 0
    _body_received = False
    _disconnect: Disconnect | None = None
    span: RequestSpan | None = None
    current_span: RequestSpan | UnrecordedSpan | None = None
    token: Token[Context] | None = None

    active: Callable[[], None] | None = None
    """Decrement of the active requests; None once the request is recorded."""

    def __init__(
        self, requests: Requests, scope: Scope, receive: Receive, send: Send, method: str
    ) -> None:
        self._requests = requests
        self._scope = scope
        self._receive = receive
        self._send = send
        self.method = method
        self._started_at = perf_counter()

    async def receive(self) -> Message:
        """Return the client's next message: a part of the body, or a disconnect."""
        message = await self._receive()
        try:
            if message["type"] == REQUEST_BODY:
                self._received_size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    self._body_received = True
                    self.body_size = self._received_size
            elif self._disconnect is None and not self._answered:
                self._handle_disconnect()
        except Exception as error:
            self._requests.send_operation.record_failure(error)
        return message

    def _handle_disconnect(self) -> None:
        from instrumentation._server.disconnect import Disconnect, expects_body

        broken = not self._body_received and expects_body(self._scope)
        if broken:
            self.body_size = None
        self._disconnect = Disconnect(answered=self._status_code > 0, upload_broken=broken)

    def send(self, message: Message) -> Awaitable[None]:
        """Forward *message*; the last one ends the request."""
        try:
            if message.get("more_body"):  # of a stream, which may have thousands
                body = message.get("body")
                self._response_size += len(body) if body else _file_size(message)
            elif (kind := message["type"]) == START:
                self._status_code = message["status"]
                self._trailers = message.get("trailers", False)
                if self._requests.captures_headers:
                    self._capture(message)
            elif kind == BODY:
                self._response_size += len(message.get("body", b""))
                if not self._trailers:
                    return self._send_last(message)
            elif self._ends_response(message):
                return self._send_last(message)
        except Exception as error:
            self._requests.send_operation.record_failure(error)
        return self._send(message)

    def _ends_response(self, message: Message) -> bool:
        """Count *message*, which is no body; return true if it is the last of the response."""
        if message["type"] == TRAILERS:
            return not message.get("more_trailers", False)
        if message["type"] not in FILE_MESSAGES:
            return False
        self._response_size += _file_size(message)
        return not self._trailers

    async def _send_last(self, message: Message) -> None:
        self._answered = True  # a disconnect from now on only tells that the response was sent
        await self._send(message)
        try:
            self._response_sent()
        except Exception as error:
            self._requests.send_operation.record_failure(error)

    def _capture(self, message: Message) -> None:
        if self.span is not None:
            self.span.set_attributes(self._requests.captured_headers(message.get("headers", ())))

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
            if self.active is not None:
                self._record()
            elif self.error is not None:
                self._record_late(self.error)
            if self.span is not None:
                self.span.export()  # in the context of the request, which processors read
        finally:
            try:
                if self.error is not None:
                    self._store_span(self.error)
            finally:
                if self.token is not None:
                    detach(self.token)
                if self.current_span is not None:
                    self.current_span.app_returned = True

    def _store_span(self, error: BaseException) -> None:
        """Store the current span on *error*, for the server's log line."""
        from instrumentation._spans.error_span import set_error_span

        set_error_span(error, self._foreign_context)

    def _record(self) -> None:
        """Record the request, once."""
        active, self.active = self.active, None
        if active is None:
            return
        active()
        ended_at = self._ended_at or perf_counter()
        duration = ended_at - self._started_at
        method, span = self.method, self.span
        error = self.error
        failed = (
            error is not None
            or self._disconnect is not None
            or not 0 < self._status_code < SERVER_ERROR
        )
        kind = self._error_type() if failed else ""
        status_code = self._status_code
        route = self._requests.route_of(self._scope, status_code)
        labels = (method, route, status_code or "", kind)
        known = self._requests.series
        series = known.children.get(labels) or known.child(*labels)
        context = span.context if span is not None else self._foreign_context
        size = 0 if method == "HEAD" else self._response_size
        series.observe(duration, size, context, ended_at)
        if self.body_size is not None and series.request_size is not None:
            series.request_size.observe(self.body_size)
        if span is None:
            return
        try:
            if error is not None and kind != CLIENT_DISCONNECTED:
                kind = qualified_name(error)
                span.record_exception(error, timestamp=span.time_after(duration))
        finally:
            span.complete(self._requests.outcomes[method, route, status_code, kind], duration)

    def _record_late(self, error: BaseException) -> None:
        """Record an exception that followed the response, like that of a background task."""
        if self.span is not None and isinstance(error, Exception) and not self._left_with(error):
            self.span.add_failure(error)

    def _error_type(self) -> str:
        """Return the status code of a server error, or else the type of the exception.

        Source: semantic conventions, ``error.type``. The code keeps the label's cardinality low.
        """
        if self._client_left():
            if self._disconnect is not None and not self._disconnect.answered:
                self._status_code = self._response_size = 0  # no one received the response
            return CLIENT_DISCONNECTED
        if self._status_code >= SERVER_ERROR:
            return str(self._status_code)
        error = self.error
        if error is not None and (self._status_code or not isinstance(error, Exception)):
            return qualified_name(error)  # incomplete response, or canceled before the response
        self._status_code = SERVER_ERROR
        return str(SERVER_ERROR)

    def _client_left(self) -> bool:
        """Return true when the client left before the response, and the service did not fail."""
        left, error = self._disconnect, self.error
        if self._status_code >= SERVER_ERROR and (left is None or left.answered):
            return False
        if left is not None and (error is None or left.upload_broken):
            return True
        return error is not None and self._left_with(error)

    def _left_with(self, error: BaseException) -> bool:
        """Return true when *error* only tells that the client left."""
        from instrumentation._server.disconnect import is_disconnect

        return is_disconnect(error, self._send, self._receive)


def _file_size(message: Message) -> int:
    if message["type"] not in FILE_MESSAGES:
        return 0
    from instrumentation._server.files import file_size

    return file_size(message)
