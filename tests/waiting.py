"""Waiting in tests. No other module sleeps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Answer = TypeVar("Answer")

NOT_YET = (OSError, LookupError, AssertionError)
"""Exceptions while a process still starts: refused connections, missing data."""


def until(
    ready: Callable[[], Answer],
    *,
    within_seconds: float,
    every_seconds: float = 0.05,
) -> Answer:
    """Wait until *ready* returns something true, and return it.

    Connection errors, missing data and failed assertions of *ready* count as "not yet".

    Args:
        within_seconds: Give up after this long.

    Raises:
        TimeoutError: Names what was awaited and the last answer.
    """
    deadline = time.monotonic() + within_seconds
    while True:
        answer, problem = _ask(ready)
        if answer:
            return answer
        if time.monotonic() > deadline:
            last = problem or repr(answer)
            raise TimeoutError(f"{ready} was not true within {within_seconds} s; last: {last}")
        time.sleep(every_seconds)


async def until_async(ready: Callable[[], Awaitable[Answer]], *, within_seconds: float) -> Answer:
    """Wait until *ready* returns something true, and return it, while the event loop goes on.

    Args:
        within_seconds: Give up after this long.

    Raises:
        TimeoutError: It did not.
    """
    async with asyncio.timeout(within_seconds):
        while not (answer := await ready()):  # noqa: ASYNC110  the condition is in other tasks
            await asyncio.sleep(0.01)
    return answer


def _ask(ready: Callable[[], Answer]) -> tuple[Answer | None, str]:
    try:
        return ready(), ""
    except NOT_YET as error:
        return None, f"{type(error).__name__}: {error}"
