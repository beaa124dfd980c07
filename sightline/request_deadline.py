"""Timeout of incomplete requests.

uvicorn has a timeout for idle connections but none for incomplete requests. Without one, a local
program can exhaust the file descriptors with incomplete requests.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

SECONDS: Final = 15.0
"""Timeout of a pause in the body; headers have up to twice as long."""


def http_protocol(seconds: float = SECONDS) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol with a timeout for incomplete requests."""

    class Deadline(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # selected at run time
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._received_data = True
            self._schedule_check(None)

        def data_received(self, data: bytes) -> None:
            self._received_data = True
            super().data_received(data)

        def _schedule_check(self, seen: object) -> None:
            self.loop.call_later(seconds, self._check, seen)

        def _check(self, seen: object) -> None:
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
            idle = self.cycle is None or self.cycle.response_complete
            if idle:
                stuck = self.cycle is seen and self.timeout_keep_alive_task is None
            else:
                stuck = self.cycle.more_body and not (self._received_data or self.flow.read_paused)
            if stuck:
                self.transport.close()
                return
            self._received_data = False
            self._schedule_check(self.cycle)

    return Deadline
