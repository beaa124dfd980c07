"""State directory of one stack.

::

    .sightline/run/state.json      the supervisor writes it, the command reads it
    .sightline/run/supervisor.sock the command asks, the supervisor answers
    .sightline/run/supervisor.lock held as long as a supervisor lives, even if it is killed
    .sightline/run/up.lock         held by a command while it starts something
    .sightline/log/ROLE.log        one for each process
    .sightline/data/               data of the roles

No file of it holds a value of the environment: requests, which do, go through the socket.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sightline import private
from sightline.errors import ConfigurationError
from sightline.local import channel
from sightline.local.process import Identity
from sightline.local.state import UNREADABLE, State, identity
from sightline.printable import printable

VARIABLE: Final = "SIGHTLINE_STATE"
_LAST_BYTES: Final = 8192


class Superseded(Exception):  # noqa: N818  a fact about another process, not a fault
    """Another supervisor holds the lock of this state directory."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The state directory of one stack."""

    path: Path

    @property
    def run(self) -> Path:
        """Run-time files."""
        return self.path / "run"

    @property
    def data(self) -> Path:
        """Data of the roles."""
        return self.path / "data"

    @property
    def logs(self) -> Path:
        """Logs of the roles and of the supervisor."""
        return self.path / "log"

    @property
    def state_file(self) -> Path:
        """The state as the supervisor last published it."""
        return self.run / "state.json"

    def log(self, name: str) -> Path:
        """Return the log of the process *name*."""
        return self.logs / f"{name}.log"

    def last_lines(self, name: str, count: int) -> list[str]:
        """Return the last lines of a log, at most *count*, safe to print."""
        with suppress(OSError), os.fdopen(private.opened(self.log(name), os.O_RDONLY), "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
            return [printable(line.rstrip("\r").expandtabs()) for line in lines if line][-count:]
        return []

    def make(self) -> None:
        """Create what is missing, for this user alone.

        Raises:
            ConfigurationError: It cannot be written, or another user may change it.
        """
        for place in self._places:
            private.make(place, root=self.path, variable=VARIABLE)

    def verify(self) -> None:
        """Check what exists of it.

        Raises:
            ConfigurationError: Another user may change it.
        """
        for place in self._places:
            private.verify(place, root=self.path, variable=VARIABLE)

    @property
    def used(self) -> bool:
        """True when a local stack was started and not stopped since."""
        return os.path.lexists(self.state_file) or self.supervised

    def read(self) -> State | None:
        """Return the published state; None when no stack was started, or it was stopped.

        Raises:
            ConfigurationError: The file is damaged, or of another version of Sightline.
        """
        try:
            return State.from_json(self.state_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, *UNREADABLE) as error:
            raise ConfigurationError(
                f"{self.state_file} is damaged or of another version of Sightline "
                f"({type(error).__name__}: {error})"
            ) from error

    def published(self, text: str) -> bool:
        """Return true when the state file holds *text*."""
        try:
            return self.state_file.read_text(encoding="utf-8") == text
        except (OSError, ValueError):
            return False

    def write(self, text: str) -> None:
        """Publish *text* as the state.

        Raises:
            ConfigurationError: It cannot be written.
        """
        private.write(self.state_file, text, variable=VARIABLE)

    def forget(self) -> None:
        """Remove the state: the stack is stopped.

        Raises:
            ConfigurationError: It cannot be removed.
        """
        try:
            self.state_file.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise private.explained(error, self.state_file, variable=VARIABLE) from error

    def rename_damaged(self) -> Path:
        """Rename a state file that cannot be read, and return its new name.

        Raises:
            ConfigurationError: It cannot be renamed.
        """
        broken = self.state_file.with_name("state.json.broken")
        try:
            self.state_file.replace(broken)
        except OSError as error:
            raise private.explained(error, self.state_file, variable=VARIABLE) from error
        return broken

    @property
    def damaged(self) -> bool:
        """True when a file is missing that a living supervisor makes again."""
        made = (self._lock_file, self.run / channel.NAME)
        return not all(map(os.path.lexists, made))

    @property
    def supervised(self) -> bool:
        """True while a supervisor lives."""
        try:
            lock = private.opened(self._lock_file, os.O_RDONLY)
        except OSError:
            return False
        try:
            # Shared, so that two commands that look at once do not see each other.
            return not _acquired(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)

    @property
    def supervisor(self) -> Identity | None:
        """The living supervisor, by its own signature in the lock file."""
        if self.supervised:
            with suppress(OSError, *UNREADABLE):
                return identity(json.loads(self._lock_file.read_text(encoding="utf-8")))
        return None

    @contextmanager
    def supervising(self) -> Iterator[int]:
        """Hold the lock that a new supervisor inherits."""
        with self._locked(self._lock_file) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock

    def sign(self, lock: int, supervisor: Identity) -> None:
        """Write into the held *lock* which process holds it.

        Raises:
            OSError: The disk is full.
        """
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(asdict(supervisor)).encode(), 0)

    def held(self, lock: int, supervisor: Identity) -> int:
        """Return the lock of *supervisor*: *lock*, or a new one where its file was removed.

        Raises:
            OSError: It cannot be created.
            Superseded: Another supervisor holds it.
        """
        with suppress(FileNotFoundError):
            if os.path.samestat(self._lock_file.lstat(), os.fstat(lock)):
                return lock
        renewed = private.opened(self._lock_file, os.O_RDWR | os.O_CREAT)
        if not _acquired(renewed, fcntl.LOCK_EX):
            os.close(renewed)
            raise Superseded
        os.close(lock)
        self.sign(renewed, supervisor)
        return renewed

    @contextmanager
    def starting(self) -> Iterator[bool]:
        """Hold off other commands that start something; false when one had to be waited for.

        Raises:
            ConfigurationError: The directory cannot be written, or another user may change it.
        """
        self.make()
        with self._locked(self.run / "up.lock") as lock:
            first = _acquired(lock, fcntl.LOCK_EX)
            if not first:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield first

    @property
    def _places(self) -> tuple[Path, ...]:
        return (self.path, self.run, self.logs, self.data)

    @property
    def _lock_file(self) -> Path:
        return self.run / "supervisor.lock"

    @contextmanager
    def _locked(self, file: Path) -> Iterator[int]:
        try:
            lock = private.opened(file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise private.explained(error, file, variable=VARIABLE) from error
        try:
            yield lock
        finally:
            os.close(lock)


def _acquired(lock: int, operation: int) -> bool:
    try:
        fcntl.flock(lock, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
