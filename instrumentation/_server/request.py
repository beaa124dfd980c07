"""One HTTP request: its span and samples from the first header to the last body message."""

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
from instrumentation._server.spans import Named, Watched
from instrumentation._server.websocket import HANDSHAKE, WebSocket
from instrumentation._spans.context import detach
from instrumentation._spans.error_span import note_span
from instrumentation._spans.span import RequestSpan
from instrumentation._spans.unrecorded import UnrecordedSpan
from instrumentation._support.asgi_types import Message, Receive, Scope, Send
from instrumentation._support.guard import Guard, qualified_name
from instrumentation.conventions import OTHER_METHOD

BODY: Final = "http.response.body"
START: Final = "http.response.start"
TRAILERS: Final = "http.response.trailers"
LAST_WITHOUT_MORE: Final = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
REQUEST_BODY: Final = "http.request"
CONTENT_LENGTH: Final = b"content-length"
LONGEST_LENGTH: Final = 18
"""Digits of a ``Content-Length`` that is believed: beyond lies no request, but a trap."""

WITH_BODY: Final = frozenset({"PATCH", "POST", "PUT"})
"""Methods whose requests have a body, even where no header says how long it is."""


class Spans(Protocol):
    """Starts what there is to trace of a request or WebSocket."""

    def start(self, watched: Watched, scope: Scope, named: Named) -> None:
        """Make its context the current one."""


class Recorders(NamedTuple):
    """What requests of one service are recorded with."""

    spans: Spans
    entry: Entry
    metrics: ServerMetrics
    attributes: ServerAttributes
    guard: Guard
    response_headers: tuple[str, ...]
    """Response headers that become attributes, in lower case."""
    foreign_spans: bool
    """Whether another engine makes the spans, to be found in the context."""


class Requests:
    """Begins requests; holds what set-up could bind."""

    def __init__(self, recorders: Recorders) -> None:
        self._active = recorders.metrics.active
        self.spans = recorders.spans
        self._isolate = recorders.entry.isolate
        self.route_of = Routes().of
        self._socket_outcomes = recorders.attributes.socket_outcomes
        self.outcomes = recorders.attributes.outcomes
        self.foreign_spans = recorders.foreign_spans
        self.captured = {
            name.encode("latin-1"): f"http.response.header.{name}"
            for name in recorders.response_headers
        }
        """Attributes by response header."""
        self.header = recorders.attributes.captured
        self.series = recorders.metrics.series
        self._starting = recorders.guard.operation("span_start")
        self.sending = recorders.guard.operation("response")

    def begin(self, scope: Scope, send: Send) -> "Request":
        """Start the span, make it current and count the request as active."""
        method = scope["method"]
        active = self._active.get(method)
        if active is None:
            method = OTHER_METHOD
            active = self._active[method]
        enter, leave = active
        named = dict(scope["headers"])
        request = Request(self, scope, send, method, leave)
        enter()
        length = named.get(CONTENT_LENGTH)
        if length is None:
            request.sized = method not in WITH_BODY
        elif length.isdigit() and len(length) <= LONGEST_LENGTH:
            request.received = int(length)
        try:
            self.spans.start(request, scope, named)
        except Exception as error:  # noqa: BLE001  see _support/guard.py
            request.token = self._isolate(scope)
            self._starting.failed(error)
        return request

    def open(self, scope: Scope, receive: Receive, send: Send) -> WebSocket:
        """Start the span of a WebSocket and make it current."""
        socket = WebSocket(
            scope,
            receive,
            send,
            observing=self.sending,
            outcome=self._socket_outcome,
        )
        self.spans.start(socket, scope, dict(scope["headers"]))
        return socket

    def _socket_outcome(self, scope: Scope, status_code: int, error_type: str) -> Outcome:
        return self._socket_outcomes[HANDSHAKE, self.route_of(scope), status_code, error_type]


class Request:
    """A request under way."""

    # What a request starts with, until something is written over it.
    _ended_at = 0.0
    _status_code = 0
    _size = 0
    _trailers = False
    _traced_by = trace.INVALID_SPAN_CONTEXT  # or the span of another engine
    error: BaseException | None = None
    received: int | None = None
    sized = True
    """Whether the size of its body is known, or none is to be expected."""
    span: RequestSpan | None = None
    entered: RequestSpan | UnrecordedSpan | None = None
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

    def counting(self, receive: Receive) -> Receive:
        """*receive*, and the size of the body that comes through it."""
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            try:
                if message["type"] == REQUEST_BODY:
                    size += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        self.received = size
            except Exception as error:  # noqa: BLE001  see _support/guard.py
                self._requests.sending.failed(error)
            return message

        return counted

    def send(self, message: Message) -> Awaitable[None]:
        """Pass *message* on; the last one ends the request."""
        try:
            if message.get("more_body"):  # of a stream: the kind that may come a thousand times
                self._size += len(message.get("body", b""))
            elif (kind := message["type"]) == START:
                self._status_code = message["status"]
                self._trailers = message.get("trailers", False)
                if self._requests.captured:
                    self._capture(message)
            elif kind == BODY:
                self._size += len(message.get("body", b""))
                if not self._trailers:
                    return self._send_last(message)
            elif _ends(message):
                return self._send_last(message)
        except Exception as error:  # noqa: BLE001  see _support/guard.py
            self._requests.sending.failed(error)
        return self._send(message)

    async def _send_last(self, message: Message) -> None:
        await self._send(message)
        try:
            self._sent()
        except Exception as error:  # noqa: BLE001  see _support/guard.py
            self._requests.sending.failed(error)

    def _capture(self, message: Message) -> None:
        if self.span is None:
            return
        for name, value in message.get("headers", ()):
            attribute = self._requests.captured.get(name.lower())
            if attribute is not None:
                self.span.set_attribute(attribute, self._requests.header(value))

    def _sent(self) -> None:
        """The response is out; a failed one still waits for the exception that explains it."""
        self._ended_at = perf_counter()
        if self._requests.foreign_spans:
            self._traced_by = trace.get_current_span().get_span_context()
        if self._status_code < SERVER_ERROR:
            self._end()

    def finish(self) -> None:
        """The app returned; end what its last message did not end."""
        try:
            if self.error is not None:
                note_span(self.error, self._traced_by)
            if self._active is not None:
                self._end()
        finally:
            if self.token is not None:
                detach(self.token)
            if self.entered is not None:
                self.entered.left = True

    def _end(self) -> None:
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
        bucket = series.observe(duration, 0 if method == "HEAD" else self._size)
        if self.received is not None:
            series.request_size.observe(self.received)
        context = span.get_span_context() if span is not None else self._traced_by
        if context.trace_flags & 1:
            series.duration.exemplify(bucket, duration, context, ended_at)
        if span is None:
            return
        if error is not None:
            kind = qualified_name(error)
            span.record_exception(error, timestamp=span.time_after(duration))
        span.complete(self._requests.outcomes[method, route, status_code, kind], duration)

    def _error_type(self) -> str:
        """The status code of a server error, or the exception that broke a response or had none.

        Source: semantic conventions, ``error.type``; the code keeps the label's values few.
        """
        if self._status_code >= SERVER_ERROR:
            return str(self._status_code)
        error = self.error
        if error is not None and (self._status_code or not isinstance(error, Exception)):
            return qualified_name(error)  # broken off, or cancelled before anybody was answered
        self._status_code = SERVER_ERROR
        return str(SERVER_ERROR)


def _ends(message: Message) -> bool:
    """Whether *message*, not a body, is the last one of its response."""
    if message["type"] == TRAILERS:
        return not message.get("more_trailers", False)
    return message["type"] in LAST_WITHOUT_MORE
