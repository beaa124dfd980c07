"""What one stack has on disk, and how the command and the supervisor tell each other things.

::

    .sightline/run/state.json      the supervisor writes it, everybody reads it
    .sightline/run/request.json    the command writes it, the supervisor takes it away
    .sightline/run/supervisor.lock held as long as a supervisor lives, whoever kills it
    .sightline/run/up.lock         held by a command while it starts something
    .sightline/log/ROLE.log        one for each process
    .sightline/data/               what the roles keep
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from sightline.errors import ConfigurationError
from sightline.local.state import Request, State

_LAST_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Folder:
    """The state folder of one stack."""

    path: Path

    @property
    def run(self) -> Path:
        """Run-time files."""
        return self.path / "run"

    @property
    def data(self) -> Path:
        """What the roles keep."""
        return self.path / "data"

    def log(self, name: str) -> Path:
        """Log of the process *name*."""
        return self.path / "log" / f"{name}.log"

    def last_lines(self, name: str, count: int) -> list[str]:
        """The end of a log: at most *count* lines."""
        with suppress(FileNotFoundError), self.log(name).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            return log.read().decode(errors="replace").splitlines()[-count:]
        return []

    def make(self) -> None:
        """Create what is missing, for this user's eyes only.

        Raises:
            ConfigurationError: It cannot be written.
        """
        try:
            for folder in (self.path, self.run, self.path / "log", self.data):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{error.filename}: {error.strerror}; set SIGHTLINE_STATE to a folder of yours"
            ) from error

    def read(self) -> State | None:
        """The state; nothing when no stack was started, or it was stopped.

        Raises:
            ConfigurationError: Another version of Sightline wrote it.
        """
        file = self.run / "state.json"
        try:
            return State.from_json(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{file} is of another version of Sightline: stop the stack with that one, "
                "or end its processes and remove the file"
            ) from error

    def write(self, state: State) -> None:
        """Publish *state* whole."""
        _replace(self.run / "state.json", state.to_json())

    def forget(self) -> None:
        """Remove the state: the stack is stopped."""
        (self.run / "state.json").unlink(missing_ok=True)

    def ask(self, request: Request) -> None:
        """Leave *request* for the supervisor."""
        _replace(self.run / "request.json", request.to_json())

    def take(self) -> Request | None:
        """Take the request away; it may hold secrets of the environment."""
        file = self.run / "request.json"
        with suppress(FileNotFoundError):
            request = Request.from_json(file.read_text(encoding="utf-8"))
            file.unlink()
            return request
        return None

    @property
    def supervised(self) -> bool:
        """Whether a supervisor lives."""
        if not self.run.is_dir():
            return False
        with self._lock("supervisor") as lock:
            return not _acquired(lock)

    @contextmanager
    def supervising(self) -> Iterator[int]:
        """A held lock, to be inherited by a new supervisor."""
        with self._lock("supervisor") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    @contextmanager
    def starting(self) -> Iterator[bool]:
        """Hold off other commands that start something; false when one had to be waited for."""
        self.make()
        with self._lock("up") as lock:
            first = _acquired(lock)
            if not first:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield first

    def _lock(self, name: str) -> TextIO:
        return (self.run / f"{name}.lock").open("w")


def _acquired(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace(file: Path, text: str) -> None:
    part = file.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(text, encoding="utf-8")
    part.replace(file)
