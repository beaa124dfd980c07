"""``/metrics``: OpenMetrics with exemplars for who asks for it, the old text format for others."""

import asyncio
from typing import TYPE_CHECKING, Final

from instrumentation._support.asgi_types import Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Callable

    from instrumentation._scrape.render import Renderer
    from instrumentation._scrape.snapshot import Snapshot

OPEN_METRICS: Final = b"application/openmetrics-text"
"""Media type that Prometheus asks for; exemplars travel in no other."""


class Exposition:
    """An ASGI app that answers GET and HEAD with every sample.

    Args:
        take: Gives the samples of now.
    """

    def __init__(self, take: "Callable[[], Snapshot]") -> None:
        self._take = take
        self._renderer: Renderer | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one scrape; the samples are written in a thread, requests go on meanwhile."""
        del receive
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            await _respond(send, 405, b"text/plain", b"GET only\n")
            return
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
        rendered = self._ready().page
        content_type, body = await asyncio.to_thread(rendered, OPEN_METRICS in accepted)
        await _respond(send, 200, content_type, body if scope["method"] == "GET" else b"")

    def _ready(self) -> "Renderer":
        """The renderer, imported when first asked for: not in a thread, where a fork may come."""
        if self._renderer is None:
            from instrumentation._scrape.render import Renderer  # noqa: PLC0415  no service starts by it

            self._renderer = Renderer(self._take)
        return self._renderer


async def _respond(send: Send, status_code: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
