"""Who runs where: the subject has a core of its own, all else shares another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SUBJECT: Final = min(os.sched_getaffinity(0))
OTHERS: Final = max(os.sched_getaffinity(0))
"""The same where there is only one: figures are worse then, ours and theirs."""


@contextmanager
def away_from_subject() -> Iterator[None]:
    """What starts meanwhile, threads and processes, stays on the core of the others."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {OTHERS})
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)
