"""Long work with pauses: the thread that serves requests never waits long for its turn."""

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

Item = TypeVar("Item")

SLICE_SECONDS: Final = 2.5e-4
"""Of work in one go; left to itself, the interpreter lets others wait 5 ms."""

PAUSE_SECONDS: Final = 2e-5
"""Long enough that another thread takes over."""


def with_pauses(items: Iterable[Item]) -> Iterator[Item]:
    """*items*; between two of them other threads have a turn when it is time."""
    due = time.perf_counter() + SLICE_SECONDS
    for item in items:
        yield item
        if time.perf_counter() >= due:
            time.sleep(PAUSE_SECONDS)
            due = time.perf_counter() + SLICE_SECONDS
