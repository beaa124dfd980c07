"""Repeated work of a background task, with a growing pause after failures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from demo_services.database.statement import UnavailableError
from demo_services.events.bus import BusUnavailableError

_LOG: Final = logging.getLogger(__name__)

SHORTEST_SECONDS: Final = 0.1
LONGEST_SECONDS: Final = 5.0


def pause_seconds(failures: int) -> float:
    """Return the pause after a number of failures in a row: each one doubles it."""
    return min(LONGEST_SECONDS, SHORTEST_SECONDS * 2.0 ** min(failures - 1, 10))


async def repeat(work: Callable[[], Awaitable[None]], *, task: str) -> None:
    """Call *work* again and again, until cancelled.

    While the database or the bus is away, it waits longer each time and logs the first failure.

    Args:
        work: One step, which ends soon or waits for something to do.
        task: Subject of the log line, like ``relay``.
    """
    failures = 0
    while True:
        try:
            await work()
        except (UnavailableError, BusUnavailableError) as error:
            failures += 1
            if failures == 1:
                _LOG.warning("%s waits: %s. It tries again until it succeeds.", task, error)
            await asyncio.sleep(pause_seconds(failures))
        else:
            failures = 0
