"""Changes of users in this process, delivered to those who watch."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from demo_services.shop import User

MAX_WATCHERS: Final = 20
"""Limit on watches, which last long. Other calls are not affected."""
MAX_PENDING: Final = 100
"""Limit on the changes that wait for one watcher. A slow watcher loses the oldest."""


class TooManyWatchersError(Exception):
    """All watches are in use."""


class Changes:
    """Changes from the time at which a watch starts; earlier ones are not kept."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[User]] = set()

    def publish(self, user: User) -> None:
        """Deliver *user*, as it is now, to every watcher. Never blocks."""
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(user)

    def watch(self, seconds: float) -> AsyncIterator[User]:
        """Return the changes of the next *seconds*, from this call on.

        Raises:
            TooManyWatchersError: There are `MAX_WATCHERS` already.
        """
        if len(self._queues) >= MAX_WATCHERS:
            raise TooManyWatchersError(f"{MAX_WATCHERS} watches are in use")
        queue = asyncio.Queue[User](MAX_PENDING)
        self._queues.add(queue)
        return self._deliver(queue, seconds)

    async def _deliver(self, queue: asyncio.Queue[User], seconds: float) -> AsyncIterator[User]:
        try:
            clock = asyncio.get_running_loop().time
            end = clock() + seconds
            while (left := end - clock()) > 0:
                try:
                    user = await asyncio.wait_for(queue.get(), left)
                except TimeoutError:
                    return
                yield user
        finally:
            self._queues.discard(queue)
