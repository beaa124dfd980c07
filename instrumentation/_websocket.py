"""One WebSocket: a span from the handshake to the close, whatever number of messages between.

Its duration says how long a client stayed, not how fast the service is, so it is not measured.
"""

from time import perf_counter
from typing import TYPE_CHECKING, Final

from opentelemetry import context as context_api

from instrumentation._exposition import Message, Receive, Scope, Send
from instrumentation._guard import Operation, qualified_name
from instrumentation._route import route_of
from instrumentation._span import FAILED, UNSET, RequestSpan

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.util.types import AnyValue

SWITCHING_PROTOCOLS: Final = 101
FORBIDDEN: Final = 403
"""What servers answer when the app closes before it accepts. Source: ASGI, "WebSocket"."""

NORMAL_CLOSES: Final = frozenset({1000, 1001, 1005})
"""Closed, gone away, no code. Source: RFC 6455, section 7.4."""


class WebSocket:
    """A WebSocket under way."""

    __slots__ = (
        "_closed_by_client",
        "_observing",
        "_receive",
        "_scope",
        "_send",
        "_started_at",
        "_status_code",
        "error",
        "method",
        "span",
        "token",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, observing: Operation) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._observing = observing
        self._started_at = perf_counter()
        self._status_code = 0
        self._closed_by_client = 0
        self.error: BaseException | None = None
        self.method = "GET"
        self.span: RequestSpan | None = None
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
        if self.token is not None:
            context_api.detach(self.token)
        if self.span is not None:
            self._complete(self.span)

    def _complete(self, span: RequestSpan) -> None:
        route = route_of(self._scope)
        attributes: dict[str, AnyValue] = {"network.protocol.name": "websocket"}
        if route:
            attributes["http.route"] = route
        if self._status_code:
            attributes["http.response.status_code"] = self._status_code
        duration = perf_counter() - self._started_at
        failure = None if self._closed_by_client in NORMAL_CLOSES else self.error
        if failure is not None:
            attributes["error.type"] = qualified_name(failure)
            span.record_exception(failure, timestamp=span.time_after(duration))
        status = UNSET if failure is None else FAILED
        span.complete(f"GET {route}" if route else "GET", attributes, status, duration)


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
