"""Pauses in long loops: release the GIL so that request threads are not starved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
