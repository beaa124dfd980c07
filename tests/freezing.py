"""Processes that stand still for a time."""

import os
import signal
from pathlib import Path

from tests.waiting import until


def freeze(pid: int) -> None:
    """Stop a process with SIGSTOP, and wait until each of its threads stands still.

    One thread has to run to receive the signal; until then, the others may go on.
    """
    os.kill(pid, signal.SIGSTOP)
    until(lambda: _states(pid) <= {"T"}, within_seconds=30)


def _states(pid: int) -> set[str]:
    """Return the states of the threads; nothing on systems without `/proc`."""
    files = Path(f"/proc/{pid}/task").glob("*/stat")
    return {file.read_text(encoding="utf-8").rpartition(")")[2].split()[0] for file in files}
