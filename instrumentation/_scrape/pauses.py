"""Pauses in long loops: release the GIL so that request threads are not starved."""

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

Item = TypeVar("Item")

SLICE_SECONDS: Final = 2.5e-4
"""Work between two pauses; the interpreter's own switch interval is 5 ms."""

PAUSE_SECONDS: Final = 2e-5
"""Long enough for another thread to take the GIL."""


def with_pauses(items: Iterable[Item]) -> Iterator[Item]:
    """Yield *items* and sleep briefly whenever a time slice is used up."""
    pause_at = time.perf_counter() + SLICE_SECONDS
    for item in items:
        yield item
        if time.perf_counter() >= pause_at:
            time.sleep(PAUSE_SECONDS)
            pause_at = time.perf_counter() + SLICE_SECONDS
