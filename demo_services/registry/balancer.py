"""Choice among the instances of a service: fewest calls in flight, without those that fail.

::

    with balancer.call() as address:
        await fetch(f"{address}/users/7")
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

AVOID_SECONDS: Final = 2.0
"""Time for which an instance gets no call after a failure, if there are others."""


class Balancer:
    """Addresses of the instances of one service. Any thread may call it.

    Args:
        addresses: First addresses, which remain until `replace`.
        clock: Clock in seconds.
    """

    def __init__(
        self, addresses: Iterable[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._addresses = tuple(addresses)
        self._in_flight: dict[str, int] = {}
        self._failed_at: dict[str, float] = {}
        self._turn = 0

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the instances."""
        return self._addresses

    def replace(self, addresses: Iterable[str]) -> None:
        """Use *addresses* from now on. Without any, the present ones remain.

        A registry that restarts knows no instance until they register again, and one whose checks
        all fail knows none that serves. The last known ones may serve; no instance never does.
        """
        found = tuple(sorted(set(addresses)))
        if not found:
            return
        with self._lock:
            self._addresses = found
            self._failed_at = {each: at for each, at in self._failed_at.items() if each in found}

    @contextmanager
    def call(self, *, without: Collection[str] = ()) -> Iterator[str]:
        """Choose an instance for the call in the block, and yield its address.

        Args:
            without: Addresses that were tried already. They are chosen if there are no others.
        """
        address = self._choose(without)
        try:
            yield address
        finally:
            with self._lock:
                self._in_flight[address] -= 1
                if not self._in_flight[address]:
                    del self._in_flight[address]

    def record_failure(self, address: str) -> None:
        """Avoid *address* for a moment."""
        with self._lock:
            if address in self._addresses:
                self._failed_at[address] = self._clock()

    def is_used(self, address: str) -> bool:
        """Return true for an address of an instance, and while it has a call in flight."""
        return address in self._addresses or address in self._in_flight

    def _choose(self, without: Collection[str]) -> str:
        with self._lock:
            untried = [each for each in self._addresses if each not in without] or self._addresses
            healthy = [each for each in untried if not self._has_failed(each)] or untried
            # The turn decides among equals, so that sequential calls reach every instance.
            self._turn += 1
            start = self._turn % len(healthy)
            turned = (*healthy[start:], *healthy[:start])
            address: str = min(turned, key=lambda each: self._in_flight.get(each, 0))
            self._in_flight[address] = self._in_flight.get(address, 0) + 1
            return address

    def _has_failed(self, address: str) -> bool:
        failed_at = self._failed_at.get(address)
        return failed_at is not None and self._clock() - failed_at < AVOID_SECONDS
