"""Limit of repeated log lines, so that a fault cannot fill the disk with its reports."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

LINES: Final = 5
"""Lines of one message in a period."""

PERIOD_SECONDS: Final = 60.0

_MAX_MESSAGES: Final = 1000
"""Messages that are counted at the same time."""

_Key = tuple[str, str]
"""Logger and first line of the message, before its arguments are inserted."""


class RepeatLimit(logging.Filter):
    """Filter of a handler that passes each message at most `LINES` times in `PERIOD_SECONDS`.

    The first line of the next period says how many were left out.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[_Key, tuple[float, int]] = {}
        """Start of the period and number of lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return false for a line above the limit."""
        key = (record.name, str(record.msg).partition("\n")[0])
        now = self._clock()
        started, lines = self._seen.get(key, (now, 0))
        left_out = 0
        if now - started >= PERIOD_SECONDS:
            started, lines, left_out = now, 0, max(lines - LINES, 0)
        if len(self._seen) >= _MAX_MESSAGES:
            self._seen.clear()
        self._seen[key] = (started, lines + 1)
        if left_out:
            record.msg = f"{record.msg} ({left_out} more of these in the last period)"
        return lines < LINES


def is_no_cancellation(record: logging.LogRecord) -> bool:
    """Return false for the traceback of a request that is canceled because the process ends.

    uvicorn logs the number of these requests in a line of its own.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
