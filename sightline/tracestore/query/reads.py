"""Reads of the store: where they run, and how many at a time.

A read starts as a small one, beside others. If it turns out to be large, it starts again as the
only large one, because its memory is a multiple of what it reads.
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final, TypeVar

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request

from sightline.tracestore.query.metrics import Read, ReadMetrics
from sightline.tracestore.storage.memory import collect_garbage
from sightline.tracestore.storage.room import NeedsMoreRoom, Room
from sightline.turns import Turns

_LOOKUPS: Final = 4
_SEARCHES: Final = 2
"""Small reads at a time. More of them would keep each other and the event loop waiting."""

Result = TypeVar("Result")
Reading = Callable[[Room, Read], Result]
"""Reads and encodes in a thread."""


class Reads:
    """Reads of the query port."""

    def __init__(self, metrics: ReadMetrics) -> None:
        self._metrics = metrics
        self._lookups, self._searches, self._large = Turns(_LOOKUPS), Turns(_SEARCHES), Turns(1)

    async def lookup(self, request: Request, operation: str, reading: Reading[Result]) -> Result:
        """Return the result of *reading*, which takes milliseconds if it is small.

        Args:
            request: A large read does not start after its client has left.
            operation: Name of the read in the metrics; empty: not counted.
            reading: Called with the room of the response, in a thread; twice if it is large.

        Raises:
            ClientDisconnect: The client has left.
        """
        return await self._read(request, operation, reading, self._lookups)

    async def search(self, request: Request, operation: str, reading: Reading[Result]) -> Result:
        """Return the result of *reading*, which may go through the whole store; as `lookup`."""
        return await self._read(request, operation, reading, self._searches)

    async def _read(
        self, request: Request, operation: str, reading: Reading[Result], turns: Turns
    ) -> Result:
        with self._metrics.read(operation) if operation else nullcontext(Read()) as read:
            try:
                async with turns:
                    return await to_thread.run_sync(reading, Room.small(), read)
            except NeedsMoreRoom:
                pass
            async with self._large:
                if await request.is_disconnected():
                    raise ClientDisconnect
                await to_thread.run_sync(collect_garbage)
                return await to_thread.run_sync(reading, Room.large(), read)
