"""``/metrics`` as an ASGI app: OpenMetrics with exemplars on request, else the text format."""

import asyncio
from typing import TYPE_CHECKING, Final

from instrumentation._support.asgi_types import Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Callable

    from instrumentation._scrape.render import Renderer
    from instrumentation._scrape.snapshot import Snapshot

OPEN_METRICS: Final = b"application/openmetrics-text"
"""Media type that Prometheus requests; the text format has no exemplars."""


class Exposition:
    """ASGI app that answers GET and HEAD with every sample.

    Args:
        take_snapshot: Returns the current samples. Called in a thread; may block.
    """

    def __init__(self, take_snapshot: "Callable[[], Snapshot]") -> None:
        self._take_snapshot = take_snapshot
        self._renderer: Renderer | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one scrape; a thread renders it, so the event loop serves other requests."""
        del receive
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            await _respond(send, 405, b"text/plain", b"GET only\n")
            return
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
        page = self._load_renderer().page
        content_type, body = await asyncio.to_thread(page, OPEN_METRICS in accepted)
        await _respond(send, 200, content_type, body if scope["method"] == "GET" else b"")

    def _load_renderer(self) -> "Renderer":
        """Return the renderer, imported at the first scrape.

        It runs on the event loop: a fork while a thread imports would leave a child with a
        partially imported module.
        """
        if self._renderer is None:
            from instrumentation._scrape.render import Renderer

            self._renderer = Renderer(self._take_snapshot)
        return self._renderer


async def _respond(send: Send, status_code: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
