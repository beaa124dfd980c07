"""One HTTP request: its span and samples from the first header to the last body message."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Final

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind

from instrumentation._exposition import Message, Receive, Scope, Send
from instrumentation._guard import Guard, qualified_name
from instrumentation._metrics import ServerMetrics
from instrumentation._propagation import BAGGAGE, FLAGS, TRACEPARENT, remote_parent_of, with_baggage
from instrumentation._propagators import ForeignParent
from instrumentation._provider import Tracing
from instrumentation._route import route_of
from instrumentation._server_attributes import LONGEST, ServerAttributes
from instrumentation._span import FAILED, UNSET, RequestSpan
from instrumentation._trust import Trusted
from instrumentation._websocket import WebSocket
from instrumentation.conventions import OTHER_METHOD

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.util.types import AnyValue

BODY: Final = "http.response.body"
START: Final = "http.response.start"
TRAILERS: Final = "http.response.trailers"
LAST_WITHOUT_MORE: Final = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
SERVER_ERROR: Final = 500
CONTENT_LENGTH: Final = b"content-length"
NO_LINKS: Final[tuple[Link, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorders:
    """What requests of one service are recorded with."""

    tracing: Tracing | None
    """None: metrics only."""
    metrics: ServerMetrics
    attributes: ServerAttributes
    trusted: Trusted
    guard: Guard
    context: Context
    """What every request's context starts from."""
    response_headers: tuple[str, ...]
    """Response headers that become attributes, in lower case."""
    foreign_spans: bool
    """Whether another engine makes the spans, to be found in the context."""
    propagated: frozenset[str]
    """Which of ``tracecontext`` and ``baggage`` are read from headers."""
    foreign_parent: ForeignParent | None
    """Reads the caller's span from headers of other propagators; None: there are none."""


SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""Under which a context keeps its span: to say it once is cheaper than to ask each time."""


class Requests:
    """Begins requests; holds what set-up could bind."""

    def __init__(self, recorders: Recorders) -> None:
        self._metrics = recorders.metrics
        self._active = recorders.metrics.active
        self._tracing = recorders.tracing
        self._attributes = recorders.attributes
        self._trusted = recorders.trusted
        self._context = recorders.context
        self._propagated = recorders.propagated
        self._foreign_parent = recorders.foreign_parent
        self.foreign_spans = recorders.foreign_spans
        self.captured = {
            name.encode("latin-1"): f"http.response.header.{name}"
            for name in recorders.response_headers
        }
        """Attributes by response header."""
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
        if length is not None and length.isdigit():
            request.received = int(length)
        if self._tracing is not None:
            try:
                self._trace(self._tracing, request, scope, named)
            except Exception as error:  # noqa: BLE001  see _guard.py
                self._starting.failed(error)
        return request

    def open(self, scope: Scope, receive: Receive, send: Send) -> WebSocket:
        """Start the span of a WebSocket and make it current."""
        socket = WebSocket(scope, receive, send, self.sending)
        if self._tracing is not None:
            self._trace(self._tracing, socket, scope, dict(scope["headers"]))
        return socket

    def _trace(
        self,
        tracing: Tracing,
        request: "Request | WebSocket",
        scope: Scope,
        named: dict[bytes, bytes],
    ) -> None:
        outer = context_api.get_current()
        context = self._context
        if outer:
            context = Context({**outer, **context})
            span = outer.get(SPAN_KEY)
            if isinstance(span, Span) and getattr(span, "kind", None) is SpanKind.SERVER:
                return  # somebody outside, like another engine, already traces the request
        parent, links = None, NO_LINKS
        if TRACEPARENT in named or BAGGAGE in named or self._foreign_parent is not None:
            context, parent, links = self._incoming(scope, named, context)
        span = self._span(tracing, request.method, parent, links, scope, named)
        if type(span) is RequestSpan:  # asking an abstract class takes eight times as long
            request.span = span
        request.token = context_api.attach(Context({**context, SPAN_KEY: span}))

    def _incoming(
        self, scope: Scope, named: dict[bytes, bytes], context: Context
    ) -> tuple[Context, SpanContext | None, tuple[Link, ...]]:
        """The caller's baggage and span; a caller who is not trusted is linked to, no more."""
        headers = scope["headers"]
        if not isinstance(headers, list):
            headers = list(headers)
        parent = remote_parent_of(named, headers) if "tracecontext" in self._propagated else None
        if parent is None and self._foreign_parent is not None:
            parent = self._foreign_parent(headers)
        if not self._trusted(scope):
            return context, None, (Link(parent),) if parent else NO_LINKS
        if BAGGAGE in named and "baggage" in self._propagated:
            context = with_baggage(headers, context)
        return context, parent, NO_LINKS

    def _span(  # noqa: PLR0913, PLR0917  the hot path pays for a dataclass
        self,
        tracing: Tracing,
        method: str,
        parent: SpanContext | None,
        links: tuple[Link, ...],
        scope: Scope,
        named: dict[bytes, bytes],
    ) -> Span:
        """A recording span, or one that only passes the context on: sampling comes first."""
        if parent is None:
            trace_id, random, state = tracing.ids.generate_trace_id(), tracing.random, None
        else:
            trace_id, random, state = parent.trace_id, parent.trace_flags & 2, parent.trace_state
        sampled = tracing.sampler.samples(trace_id, parent, f"{method} {scope['path']}")
        flags = FLAGS[random | sampled]
        context = SpanContext(trace_id, tracing.ids.generate_span_id(), False, flags, state)  # noqa: FBT003
        if not sampled:
            return NonRecordingSpan(context)
        attributes = self._attributes.of(scope, method, named)
        span = RequestSpan(
            tracing.origin, method, context, parent, SpanKind.SERVER, attributes, links
        )
        span.start()
        return span


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
    span: RequestSpan | None = None
    token: "Token[Context] | None" = None

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

    def send(self, message: Message) -> Awaitable[None]:
        """Pass *message* on; the last one ends the request."""
        try:
            kind = message["type"]
            if kind == BODY:
                self._size += len(message.get("body", b""))
                if not (message.get("more_body", False) or self._trailers):
                    return self._send_last(message)
            elif kind == START:
                self._status_code = message["status"]
                self._trailers = message.get("trailers", False)
                if self._requests.captured:
                    self._capture(message)
            elif _ends(message):
                return self._send_last(message)
        except Exception as error:  # noqa: BLE001  see _guard.py
            self._requests.sending.failed(error)
        return self._send(message)

    async def _send_last(self, message: Message) -> None:
        await self._send(message)
        try:
            self._sent()
        except Exception as error:  # noqa: BLE001  see _guard.py
            self._requests.sending.failed(error)

    def _capture(self, message: Message) -> None:
        if self.span is None:
            return
        for name, value in message.get("headers", ()):
            attribute = self._requests.captured.get(name.lower())
            if attribute is not None:
                self.span.set_attribute(attribute, (value.decode("latin-1")[:LONGEST],))

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
            if self.token is not None:
                context_api.detach(self.token)
        finally:
            if self._active is not None:
                self._end()

    def _end(self) -> None:
        """Record the request, once."""
        active, self._active = self._active, None
        if active is None:
            return
        active()
        ended_at = self._ended_at or perf_counter()
        duration = ended_at - self._started_at
        method, status_code, span = self.method, self._status_code, self.span
        route = route_of(self._scope)
        error = "" if 0 < status_code < SERVER_ERROR else self._error_type()
        labels = (method, route, status_code or "", error)
        known = self._requests.series
        series = known.children.get(labels) or known.child(*labels)
        series.response_size.observe(self._size)
        if self.received is not None:
            series.request_size.observe(self.received)
        context = span.get_span_context() if span is not None else self._traced_by
        if context.trace_flags & 1:
            series.duration.observe_with_exemplar(duration, context, ended_at)
        else:
            series.duration.observe(duration)
        if span is not None:
            self._complete(span, route, duration)

    def _error_type(self) -> str:
        """The status code of a server error, or the exception that ended the request without one.

        Source: semantic conventions, ``error.type``; the code keeps the label's values few.
        """
        if self._status_code:
            return str(self._status_code)
        if isinstance(self.error, Exception) or self.error is None:
            self._status_code = SERVER_ERROR  # what every server answers for an app that gives up
            return str(SERVER_ERROR)
        return qualified_name(self.error)  # cancelled: nobody was answered

    def _complete(self, span: RequestSpan, route: str, duration: float) -> None:
        attributes: dict[str, AnyValue] = {}
        if route:
            attributes["http.route"] = route
        if self._status_code:
            attributes["http.response.status_code"] = self._status_code
        failed = self.error is not None or self._status_code >= SERVER_ERROR
        if failed:
            error = self.error
            attributes["error.type"] = qualified_name(error) if error else str(self._status_code)
            if error is not None:
                span.record_exception(error, timestamp=span.time_after(duration))
        method = "HTTP" if self.method == OTHER_METHOD else self.method
        span.complete(
            f"{method} {route}" if route else method,
            attributes,
            FAILED if failed else UNSET,
            duration,
        )


def _ends(message: Message) -> bool:
    """Whether *message*, not a body, is the last one of its response."""
    if message["type"] == TRAILERS:
        return not message.get("more_trailers", False)
    return message["type"] in LAST_WITHOUT_MORE
