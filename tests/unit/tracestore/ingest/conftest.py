"""Memory of a test without a garbage collector."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def held_bytes() -> Iterator[Callable[[], int]]:
    """Return a function that returns the memory that the test has allocated and not freed.

    The garbage collector does not run.
    """
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    gc.enable()
