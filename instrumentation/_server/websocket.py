"""One WebSocket: a span from the handshake to the close, whatever number of messages between.

Its duration says how long a client stayed, not how fast the service is, so it is not measured.
"""

from asyncio import CancelledError
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Final

from instrumentation._otlp.outcome import SERVER_ERROR, Outcome
from instrumentation._spans.context import detach
from instrumentation._spans.error_span import note_span
from instrumentation._spans.span import RequestSpan
from instrumentation._support.asgi_types import Message, Receive, Scope, Send
from instrumentation._support.guard import Operation, qualified_name

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context

    from instrumentation._spans.unrecorded import UnrecordedSpan

SWITCHING_PROTOCOLS: Final = 101
FORBIDDEN: Final = 403
"""What servers answer when the app closes before it accepts. Source: ASGI, "WebSocket"."""

NORMAL_CLOSES: Final = frozenset({1000, 1001, 1005})
"""Closed, gone away, no code. Source: RFC 6455, section 7.4."""

HANDSHAKE: Final = "GET"
"""Method of the request that asks for a WebSocket. Source: RFC 6455, section 4.1."""

SocketOutcome = Callable[[Scope, int, str], Outcome]
"""Of a scope after dispatch, a status code and the type of the error."""


class WebSocket:
    """A WebSocket under way."""

    __slots__ = (
        "_closed_by_client",
        "_observing",
        "_outcome",
        "_receive",
        "_scope",
        "_send",
        "_started_at",
        "_status_code",
        "entered",
        "error",
        "method",
        "span",
        "token",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        observing: Operation,
        outcome: SocketOutcome,
    ) -> None:
        self._outcome = outcome
        self._scope = scope
        self._receive = receive
        self._send = send
        self._observing = observing
        self._started_at = perf_counter()
        self._status_code = 0
        self._closed_by_client = 0
        self.error: BaseException | None = None
        self.method = HANDSHAKE
        self.span: RequestSpan | None = None
        self.entered: RequestSpan | UnrecordedSpan | None = None
        self.token: Token[Context] | None = None

    async def receive(self) -> Message:
        """Pass the client's next message on."""
        message = await self._receive()
        with self._observing:
            if message["type"] == "websocket.disconnect":
                self._closed_by_client = message.get("code") or 1005
        return message

    async def send(self, message: Message) -> None:
        """Pass the service's message on; the first one answers the handshake."""
        with self._observing:
            if not self._status_code:
                self._status_code = _answer(message)
        await self._send(message)

    def finish(self) -> None:
        """The app returned."""
        try:
            if self.error is not None:
                note_span(self.error)
            if self.span is not None:
                self._complete(self.span)
        finally:
            if self.token is not None:
                detach(self.token)
            if self.entered is not None:
                self.entered.left = True

    def _complete(self, span: RequestSpan) -> None:
        duration = perf_counter() - self._started_at
        error = self._failure()
        if error is not None:
            span.record_exception(error, timestamp=span.time_after(duration))
            self._status_code = self._status_code or SERVER_ERROR
        failed = self._status_code >= SERVER_ERROR
        kind = qualified_name(error) if error else str(self._status_code) if failed else ""
        span.complete(self._outcome(self._scope, self._status_code, kind), duration)

    def _failure(self) -> BaseException | None:
        """What the app raised, unless it only tells that the client has left."""
        error, code = self.error, self._closed_by_client
        left = isinstance(error, CancelledError) or getattr(error, "code", None) == code
        return None if left and code in NORMAL_CLOSES else error


def _answer(message: Message) -> int:
    """The status code of the handshake that *message* means, or 0 when it means none."""
    match message["type"]:
        case "websocket.accept":
            return SWITCHING_PROTOCOLS
        case "websocket.close":
            return FORBIDDEN
        case "websocket.http.response.start":
            return int(message["status"])
        case _:
            return 0
