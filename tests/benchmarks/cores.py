"""Core of the subject, and core of everything else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SUBJECT: Final = min(os.sched_getaffinity(0))
OTHERS: Final = max(os.sched_getaffinity(0))
"""Equal to `SUBJECT` on a machine with one core, where all figures are worse."""


@contextmanager
def on_other_core() -> Iterator[None]:
    """Keep threads and processes that start meanwhile on the other core."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {OTHERS})
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)
