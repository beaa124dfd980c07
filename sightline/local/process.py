"""Processes by pid and birth, so that a pid used again is never taken for ours."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.printable import printable

_PROC: Final = Path("/proc")
_EVERY_SECONDS: Final = 0.02
_KILLED_WITHIN_SECONDS: Final = 5.0

_STATE: Final = 0
_THREADS: Final = 17
_STARTTIME: Final = 19
"""Fields of /proc/PID/stat after the command. Source: proc(5), less the first two fields."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, for ever."""

    pid: int
    born: str
    """When it started, in the system's own words; empty when it was gone before it was seen."""


def identify(pid: int) -> Identity:
    """The process that has *pid* now."""
    return Identity(pid, _seen(pid)[1])


def alive(process: Identity) -> bool:
    """Whether *process* still runs; a zombie does not, unless one of its threads does."""
    runs, born = _seen(process.pid)
    return runs and born == process.born


def stop(processes: Iterable[Identity], *, within_seconds: float) -> None:
    """End *processes*, each with its group: politely, then after *within_seconds* by force.

    A frozen process is woken to be told.
    """
    living = [process for process in processes if alive(process)]
    for process in living:
        _signal(process, signal.SIGTERM)
        _signal(process, signal.SIGCONT)
    if not until(lambda: not any(map(alive, living)), within_seconds=within_seconds):
        stubborn = [process for process in living if alive(process)]
        for process in stubborn:
            _signal(process, signal.SIGKILL)
        until(lambda: not any(map(alive, stubborn)), within_seconds=_KILLED_WITHIN_SECONDS)


def until(done: Callable[[], bool], *, within_seconds: float) -> bool:
    """Wait until *done*; false when it took longer than *within_seconds*."""
    deadline = time.monotonic() + within_seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_EVERY_SECONDS)
    return True


def command_of(pid: int) -> str:
    """Return the command line of *pid*, as far as this user may see it, safe to print."""
    if sys.platform != "linux":
        return printable(_ps(pid, "command"))
    with suppress(OSError):
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        return printable(b" ".join(words).decode(errors="replace").strip())
    return ""


def writing_to(directory: Path) -> dict[Identity, str]:
    """Return the processes whose output goes to a log in *directory*, with the log's name.

    Only those that lead a process group, as roles do. Empty where there is no /proc.
    """
    found = {}
    for output in _PROC.glob("[0-9]*/fd/1"):
        with suppress(OSError):
            pid, log = int(output.parts[2]), output.readlink()
            if log.parent == directory and os.getpgid(pid) == pid:
                found[identify(pid)] = log.name.partition(".log")[0]
    return found


def _signal(process: Identity, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _seen(pid: int) -> tuple[bool, str]:
    """Return whether *pid* runs, and its birth, which is empty when there is none."""
    return _seen_in_proc(pid) if sys.platform == "linux" else _seen_by_ps(pid)


def _seen_in_proc(pid: int) -> tuple[bool, str]:
    with suppress(OSError):
        # The command stands in brackets and may hold any character, brackets too.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        # A killed program is a zombie before its other threads have let go of its ports.
        return fields[_STATE] != "Z" or int(fields[_THREADS]) > 1, fields[_STARTTIME]
    return False, ""


def _seen_by_ps(pid: int) -> tuple[bool, str]:
    state, _, born = _ps(pid, "stat", "lstart").partition(" ")
    return bool(state) and not state.startswith("Z"), born.strip()


def _ps(pid: int, *columns: str) -> str:
    headless = [word for column in columns for word in ("-o", f"{column}=")]
    asked = ["ps", *headless, "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
