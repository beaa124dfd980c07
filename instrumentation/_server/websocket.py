"""WebSocket with one span from the handshake to the close.

It has no duration metric, because its duration depends on the client and not on the service.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from instrumentation._otlp.attribute_group import SERVER_ERROR, Outcome
from instrumentation._server.attributes import HANDSHAKE
from instrumentation._server.disconnect import is_cancellation, was_raised_in
from instrumentation._support.asgi_types import Message, Receive, Scope, Send
from instrumentation._support.guard import Operation, qualified_name
from instrumentation._support.opentelemetry_access import detach
from instrumentation.conventions import CLIENT_DISCONNECTED

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context

    from instrumentation._server.spans import UnrecordedSpan
    from instrumentation._spans.span import RequestSpan

SWITCHING_PROTOCOLS: Final = 101
FORBIDDEN: Final = 403
"""Response of a server when the app closes before it accepts. Source: ASGI, "WebSocket"."""

NO_CODE: Final = 1005
ABNORMAL_CLOSURE: Final = 1006

NORMAL_CLOSE_CODES: Final = frozenset({1000, 1001, NO_CODE, 1012})
"""Normal closure, going away, no code, service restart. Source: IANA, "WebSocket Close Code Number
Registry". The last one is sent by a server that stops, also to its app."""

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
                self._client_close_code = message.get("code") or NO_CODE
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
                self.span.export()
        finally:
            self._leave()

    def _leave(self) -> None:
        try:
            if self.error is not None:
                from instrumentation._spans.error_span import set_error_span

                set_error_span(self.error)
        finally:
            if self.token is not None:
                detach(self.token)
            if self.current_span is not None:
                self.current_span.app_returned = True

    def _complete(self, span: RequestSpan) -> None:
        duration = perf_counter() - self._started_at
        code = self._close_code()
        error = None if code else self.error
        try:
            if error is not None:
                self._status_code = self._status_code or SERVER_ERROR
                span.record_exception(error, timestamp=span.time_after(duration))
        finally:
            kind = qualified_name(error) if error else self._error_type(code)
            span.complete(self._outcome(self._scope, self._status_code, kind), duration)

    def _error_type(self, close_code: int) -> str:
        if self._status_code >= SERVER_ERROR:
            return str(self._status_code)
        lost = close_code and close_code not in NORMAL_CLOSE_CODES
        return CLIENT_DISCONNECTED if lost else ""

    def _close_code(self) -> int:
        """Return the code with which the client left; 0 if the app ended the connection or failed.

        An exception that only reports the code, or a cancellation after it, is no failure.
        """
        error, code = self.error, self._client_close_code
        if error is None or (code and is_cancellation(error)):
            return code
        starlette: Any = sys.modules.get("starlette.websockets")
        if starlette is not None and isinstance(error, starlette.WebSocketDisconnect):
            return code or error.code  # Starlette's if the server refused a message
        if getattr(error, "code", None) == code:
            return code
        refused = isinstance(error, OSError) and was_raised_in(self._send, error)
        return ABNORMAL_CLOSURE if refused else 0


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
