"""Connections that stop in the middle of a request are closed.

uvicorn limits how long a connection may be idle after a response, but not how long a request may
take to arrive: without this a local program can hold every descriptor with half-sent requests.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

SECONDS: Final = 15.0
"""Headers take at most twice as long; a body may pause once as long."""


def http_protocol(seconds: float = SECONDS) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol, with a limit on the time that a request takes to arrive."""

    class Deadline(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # picked at run time
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._heard = True
            self._look_after(None)

        def data_received(self, data: bytes) -> None:
            self._heard = True
            super().data_received(data)

        def _look_after(self, seen: Any) -> None:  # noqa: ANN401  uvicorn's own cycle
            self.loop.call_later(seconds, self._look, seen)

        def _look(self, seen: Any) -> None:  # noqa: ANN401  as above
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
            between = self.cycle is None or self.cycle.response_complete
            if between:
                stuck = self.cycle is seen and self.timeout_keep_alive_task is None
            else:
                stuck = self.cycle.more_body and not (self._heard or self.flow.read_paused)
            if stuck:
                self.transport.close()
                return
            self._heard = False
            self._look_after(self.cycle)

    return Deadline
