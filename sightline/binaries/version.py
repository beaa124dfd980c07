"""Version of a program, from its answer to ``--version``.

The program on ``PATH`` can be any: one that never ends, prints without end, or starts others.
"""

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

Version = tuple[int, ...]

TIMEOUT_SECONDS: Final = 10.0
_LIMIT_BYTES: Final = 1 << 16
_CHUNK_BYTES: Final = 4096
_SHOWN_CHARACTERS: Final = 60


class NotAvailable(Exception):
    """The source does not have the program; the message is the reason."""


class Absent(NotAvailable):
    """The source has no program of that name, which needs no message."""


def version_text(version: Version) -> str:
    """Return *version* as text, ``3.5.3``."""
    return ".".join(map(str, version))


def parse_version(text: str) -> Version:
    """Return the leading numbers of a version: ``3.5.3+ds1-6`` is ``(3, 5, 3)``."""
    found = re.match(r"(?:\d+:)?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else ()


def version_of(path: Path, name: str, *, within_seconds: float = TIMEOUT_SECONDS) -> Version:
    """Return the version that *path* ``--version`` prints.

    Args:
        path: The program.
        name: Its name, which the answer must have before the version.
        within_seconds: Time for the answer; then the program is killed.

    Raises:
        NotAvailable: It does not start, does not answer in time, or is another program.
    """
    try:
        with _output(path) as source:
            return _parse(source, path, name, time.monotonic() + within_seconds)
    except TimeoutError as error:
        reason = f"{path} did not answer `--version` within {within_seconds:g} s"
        raise NotAvailable(reason) from error
    except OSError as error:
        raise NotAvailable(f"{path} does not run here: {error.strerror}") from error


@contextmanager
def _output(path: Path) -> Iterator[int]:
    """Yield a descriptor of the output of *path* ``--version``; kill the program at the end."""
    source, sink = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                [path, "--version"],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        finally:
            os.close(sink)
        try:
            yield source
        finally:
            _kill_group(process)
    finally:
        os.close(source)


def _parse(source: int, path: Path, name: str, deadline: float) -> Version:
    """Return the version as soon as it was printed; the program may run on."""
    pattern = re.compile(rf"\b{name},? version v?(\d+)\.(\d+)\.(\d+)(?=\D)".encode())
    answer = b""
    while len(answer) < _LIMIT_BYTES and (chunk := _read(source, deadline)):
        answer += chunk
        if found := pattern.search(answer):
            return tuple(map(int, found.groups()))
    lines = map(str.strip, answer.decode(errors="replace").split("\n"))
    shown = next(filter(None, lines), "nothing")[:_SHOWN_CHARACTERS]
    raise NotAvailable(f"{path} is not {name}: `--version` printed {shown!r}")


def _read(source: int, deadline: float) -> bytes:
    """Return the next bytes of the output; empty at its end."""
    readable, _, _ = select.select([source], [], [], max(0.0, deadline - time.monotonic()))
    if not readable:
        raise TimeoutError
    return os.read(source, _CHUNK_BYTES)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill *process* and the programs that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
