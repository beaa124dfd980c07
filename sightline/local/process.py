"""Processes by pid and start time, so that a reused pid is never mistaken for a role."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from sightline.printable import printable

_PROC: Final = Path("/proc")
_POLL_SECONDS: Final = 0.02
_KILLED_WITHIN_SECONDS: Final = 5.0
_START_TOLERANCE_SECONDS: Final = 1.5
"""The boot time of the kernel is rounded to seconds and can change by one."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of a process for its whole life."""

    pid: int
    started_at: float
    """Seconds from boot to start, which changes of the clock do not affect; 0: not found."""


def identify(pid: int) -> Identity:
    """Return the identity of the process that has *pid* now."""
    with suppress(psutil.Error):
        return Identity(pid, _started_at(psutil.Process(pid)))
    return Identity(pid, 0.0)


def alive(process: Identity) -> bool:
    """Return true if *process* runs; a zombie does not, unless one of its threads does."""
    if not process.started_at:
        return False
    with suppress(psutil.Error):
        current = psutil.Process(process.pid)
        if abs(_started_at(current) - process.started_at) > _START_TOLERANCE_SECONDS:
            return False
        # The first thread of a killed process exits before the last one releases ports and locks.
        return current.status() != psutil.STATUS_ZOMBIE or current.num_threads() > 1
    return False


def stop(processes: Iterable[Identity], *, within_seconds: float) -> None:
    """Stop *processes*, each with its process group.

    Sends SIGTERM, and SIGKILL after *within_seconds*. SIGCONT lets a stopped process handle it.
    """
    running = [process for process in processes if alive(process)]
    for process in running:
        _signal_group(process, signal.SIGTERM)
        _signal_group(process, signal.SIGCONT)
    if not until(lambda: not any(map(alive, running)), within_seconds=within_seconds):
        remaining = [process for process in running if alive(process)]
        for process in remaining:
            _signal_group(process, signal.SIGKILL)
        until(lambda: not any(map(alive, remaining)), within_seconds=_KILLED_WITHIN_SECONDS)


def until(done: Callable[[], bool], *, within_seconds: float) -> bool:
    """Wait until *done* returns true; return false after *within_seconds*."""
    deadline = time.monotonic() + within_seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def command_line(pid: int) -> str:
    """Return the printable command line of *pid*; empty if this user cannot read it."""
    with suppress(psutil.Error):
        return printable(" ".join(psutil.Process(pid).cmdline()))
    return ""


def find_by_log(directory: Path) -> dict[Identity, str]:
    """Return the processes with standard output in a log of *directory*, with the log's name.

    Only leaders of a process group, as roles are. Empty on systems without `/proc`.
    psutil does not list open files that were removed, which a role's log may be.
    """
    found = {}
    for output in _PROC.glob("[0-9]*/fd/1"):
        with suppress(OSError):
            pid, log = int(output.parts[2]), output.readlink()
            if log.parent == directory and os.getpgid(pid) == pid:
                found[identify(pid)] = log.name.partition(".log")[0]
    return found


def _signal_group(process: Identity, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _started_at(process: psutil.Process) -> float:
    # Both times contain the boot time, so the difference does not.
    return round(process.create_time() - psutil.boot_time(), 2)
