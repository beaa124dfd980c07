"""WebSocket with one span from the handshake to the close.

It has no duration metric, because its duration depends on the client and not on the service.
"""

from asyncio import CancelledError
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Final

from instrumentation._otlp.outcome import SERVER_ERROR, Outcome
from instrumentation._spans.context import detach
from instrumentation._spans.error_span import set_error_span
from instrumentation._spans.span import RequestSpan
from instrumentation._support.asgi_types import Message, Receive, Scope, Send
from instrumentation._support.guard import Operation, qualified_name

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context

    from instrumentation._spans.unrecorded import UnrecordedSpan

SWITCHING_PROTOCOLS: Final = 101
FORBIDDEN: Final = 403
"""Response of a server when the app closes before it accepts. Source: ASGI, "WebSocket"."""

NORMAL_CLOSE_CODES: Final = frozenset({1000, 1001, 1005})
"""Normal closure, going away, no code. Source: RFC 6455, section 7.4."""

HANDSHAKE: Final = "GET"
"""Method of the handshake request. Source: RFC 6455, section 4.1."""

SocketOutcome = Callable[[Scope, int, str], Outcome]
"""Outcome by scope after dispatch, status code and error type."""


class WebSocket:
    """Open WebSocket."""

    __slots__ = (
        "_client_close_code",
        "_operation",
        "_outcome",
        "_receive",
        "_scope",
        "_send",
        "_started_at",
        "_status_code",
        "current_span",
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
        operation: Operation,
        outcome: SocketOutcome,
    ) -> None:
        self._outcome = outcome
        self._scope = scope
        self._receive = receive
        self._send = send
        self._operation = operation
        self._started_at = perf_counter()
        self._status_code = 0
        self._client_close_code = 0
        self.error: BaseException | None = None
        self.method = HANDSHAKE
        self.span: RequestSpan | None = None
        self.current_span: RequestSpan | UnrecordedSpan | None = None
        self.token: Token[Context] | None = None

    async def receive(self) -> Message:
        """Return the client's next message."""
        message = await self._receive()
        with self._operation:
            if message["type"] == "websocket.disconnect":
                self._client_close_code = message.get("code") or 1005
        return message

    async def send(self, message: Message) -> None:
        """Forward a message of the service; the first one answers the handshake."""
        with self._operation:
            if not self._status_code:
                self._status_code = _handshake_status(message)
        await self._send(message)

    def finish(self) -> None:
        """End the span and leave its context."""
        try:
            if self.span is not None:
                self._complete(self.span)
        finally:
            self._leave()

    def _leave(self) -> None:
        try:
            if self.error is not None:
                set_error_span(self.error)
        finally:
            if self.token is not None:
                detach(self.token)
            if self.current_span is not None:
                self.current_span.app_returned = True

    def _complete(self, span: RequestSpan) -> None:
        duration = perf_counter() - self._started_at
        error = self._failure()
        try:
            if error is not None:
                self._status_code = self._status_code or SERVER_ERROR
                span.record_exception(error, timestamp=span.time_after(duration))
        finally:
            failed = self._status_code >= SERVER_ERROR
            kind = qualified_name(error) if error else str(self._status_code) if failed else ""
            span.complete(self._outcome(self._scope, self._status_code, kind), duration)

    def _failure(self) -> BaseException | None:
        """Return the exception of the app unless it only reports a normal close by the client."""
        error, code = self.error, self._client_close_code
        client_left = isinstance(error, CancelledError) or getattr(error, "code", None) == code
        return None if client_left and code in NORMAL_CLOSE_CODES else error


def _handshake_status(message: Message) -> int:
    """Return the status code of the handshake for *message*; 0 when it does not answer it."""
    match message["type"]:
        case "websocket.accept":
            return SWITCHING_PROTOCOLS
        case "websocket.close":
            return FORBIDDEN
        case "websocket.http.response.start":
            return int(message["status"])
        case _:
            return 0
