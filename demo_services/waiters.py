"""Requests that wait for a change, with a limit on their number and on their time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class BusyError(Exception):
    """As many requests wait as may wait."""


class Waiters:
    """Requests in one event loop that wait until something is found.

    Args:
        limit: Limit on waiting requests, each of which holds a connection.
        subject: Name of the requests in the error, like ``polls``.
    """

    def __init__(self, limit: int, subject: str) -> None:
        self._limit = limit
        self._subject = subject
        self._waiting = 0
        self._changed = asyncio.Event()
        self.ending = False
        """True once requests wait no longer."""

    async def wait(
        self, find: Callable[[], Found | None], *, within_seconds: float
    ) -> Found | None:
        """Return what *find* returns as soon as it is true, or None after a time or at the end.

        Args:
            find: Called now, and after each announced change.
            within_seconds: Limit on the wait.

        Raises:
            BusyError: Too many others wait.
        """
        if self._waiting >= self._limit:
            raise BusyError(f"{self._limit} {self._subject} wait already")
        self._waiting += 1
        try:
            async with asyncio.timeout(within_seconds):
                while True:
                    changed = self._changed
                    found = find()
                    if found or self.ending:
                        return found
                    await changed.wait()
        except TimeoutError:
            return None
        finally:
            self._waiting -= 1

    def announce(self) -> None:
        """Let every waiting request look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def end(self) -> None:
        """Answer all requests, because the service stops and waits for them."""
        self.ending = True
        self.announce()
