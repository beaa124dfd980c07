"""Timeout of incomplete requests, and of responses that the client does not read.

uvicorn has a timeout for idle connections but none for these. Without one, a local program can
exhaust the file descriptors with incomplete requests, and the memory with unread responses.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

SECONDS: Final = 15.0
"""Timeout of a pause in the body; headers, and pauses in reading, have up to twice as long."""


class _Unsent:
    """Bytes that the transport of a connection could not send yet."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.size_bytes = 0
        self.resumed = False
        """True if the application could write again since the last check."""

    def is_stuck(self) -> bool:
        """Return true if the client has read nothing since the last check."""
        before, self.size_bytes = self.size_bytes, self._transport.get_write_buffer_size()
        resumed, self.resumed = self.resumed, False
        return 0 < before == self.size_bytes and not resumed


class _Deadline(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # selected at run time
    """uvicorn's HTTP protocol with a timeout."""

    seconds = SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._unsent = _Unsent(transport)
        self._received_data = True
        self._schedule_check(None)

    def data_received(self, data: bytes) -> None:
        self._received_data = True
        super().data_received(data)

    def resume_writing(self) -> None:
        self._unsent.resumed = True
        super().resume_writing()

    def _schedule_check(self, seen: object) -> None:
        self.loop.call_later(self.seconds, self._check, seen)

    def _check(self, seen: object) -> None:
        if self.transport.get_protocol() is not self:
            return
        if self._unsent.is_stuck():
            self.transport.abort()
        elif self.transport.is_closing():
            if self._unsent.size_bytes:
                self._schedule_check(seen)
        elif self._is_incomplete(seen):
            self.transport.close()
        else:
            self._received_data = False
            self._schedule_check(self.cycle)

    def _is_incomplete(self, seen: object) -> bool:
        """Return true if the rest of a request is late."""
        if self.cycle is None or self.cycle.response_complete:
            return self.cycle is seen and self.timeout_keep_alive_task is None
        return self.cycle.more_body and not (self._received_data or self.flow.read_paused)


def http_protocol(seconds: float = SECONDS) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol with a timeout for incomplete requests and responses."""
    return type("Deadline", (_Deadline,), {"seconds": seconds})
