"""Responses that are being sent, bounded in sum: a client may read slowly, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from anyio import CancelScope
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sightline.tracestore.query.json_body import JSONBody

MAX_UNSENT_BYTES: Final = 64 * 1024 * 1024
"""Sum of all responses: two of the largest. Above it the connection of the oldest is closed."""

_CHUNK_BYTES: Final = 64 * 1024
"""Size that uvicorn buffers for a connection before it waits for the client."""


class Outbox:
    """Responses that are being sent; for the event loop only."""

    def __init__(self, *, max_bytes: int = MAX_UNSENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._sent: dict[CancelScope, int] = {}

    def json(self, body: JSONBody) -> Response:
        """Return the response with *body*."""
        return _Sent(self, memoryview(body.content))

    @contextmanager
    def hold(self, size_bytes: int) -> Iterator[None]:
        """Count *size_bytes* for the duration of the block; newer responses may cancel it."""
        with CancelScope() as scope:
            self._sent[scope] = size_bytes
            self._make_room()
            try:
                yield
            finally:
                del self._sent[scope]

    def _make_room(self) -> None:
        excess = sum(self._sent.values()) - self._max_bytes
        for scope, size_bytes in self._sent.items():
            if excess <= 0:
                break
            scope.cancel()
            excess -= size_bytes

    def close(self) -> None:
        """Cancel every response."""
        for scope in self._sent:
            scope.cancel()


class _Sent(Response):
    """JSON that is sent in chunks, as fast as the client reads."""

    media_type = "application/json"

    def __init__(self, outbox: Outbox, body: memoryview) -> None:
        super().__init__(body)
        self._outbox = outbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; an incomplete one closes the connection."""
        size_bytes = len(self.body)
        if size_bytes <= _CHUNK_BYTES:
            self.body = bytes(self.body)
            await super().__call__(scope, receive, send)
            return
        with self._outbox.hold(size_bytes):
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            for begin in range(0, size_bytes, _CHUNK_BYTES):
                chunk = bytes(self.body[begin : begin + _CHUNK_BYTES])
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})
