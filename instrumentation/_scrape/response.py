"""Response to a scrape: headers and body, in the format and coding that the client prefers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from instrumentation._scrape.negotiation import accepts_gzip, prefers_open_metrics
from instrumentation._scrape.render import Renderer
from instrumentation._support.compression import compress

if TYPE_CHECKING:
    from instrumentation._scrape.snapshot import Snapshot

Headers = Iterable[tuple[bytes, bytes]]

VARY: Final = (b"vary", b"accept, accept-encoding")


class Responder:
    """Writer of responses.

    Args:
        take_snapshot: Returns the current samples; may block.
    """

    def __init__(self, take_snapshot: Callable[[], Snapshot]) -> None:
        self._renderer = Renderer(take_snapshot)

    def respond(self, headers: Headers) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Return headers and body for a request with *headers*."""
        exemplars = prefers_open_metrics(_value(headers, b"accept"))
        content_type, body = self._renderer.page(exemplars=exemplars)
        found = [(b"content-type", content_type), VARY]
        if accepts_gzip(_value(headers, b"accept-encoding")):
            return [*found, (b"content-encoding", b"gzip")], compress(body)
        return found, body


def _value(headers: Headers, name: bytes) -> bytes:
    """Return the value of a header that may be repeated. Source: RFC 9110, section 5.3."""
    return b",".join(value for key, value in headers if key.lower() == name)
