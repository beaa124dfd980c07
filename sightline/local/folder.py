"""State directory of one stack.

::

    .sightline/run/state.json      written by the supervisor, read by the command
    .sightline/run/supervisor.sock requests of the command to the supervisor
    .sightline/run/supervisor.lock locked while a supervisor runs
    .sightline/run/up.lock         locked by a command during a start
    .sightline/log/ROLE.log        one for each process
    .sightline/data/               data of the roles

No file contains values of the environment; requests, which do, use the socket.
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
from sightline.local.process import Identity, until
from sightline.local.state import UNREADABLE, State, identity
from sightline.printable import printable

VARIABLE: Final = "SIGHTLINE_STATE"
_LAST_BYTES: Final = 8192
_ASKED_SECONDS: Final = 1.0


class Superseded(Exception):
    """Another supervisor holds the lock of this state directory."""


@dataclass(frozen=True, slots=True)
class Folder:
    """State directory of one stack."""

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
        """State last published by the supervisor."""
        return self.run / "state.json"

    def log(self, name: str) -> Path:
        """Return the log of the process *name*."""
        return self.logs / f"{name}.log"

    def last_lines(self, name: str, count: int) -> list[str]:
        """Return the last *count* printable lines of a log."""
        with (
            suppress(OSError),
            os.fdopen(private.open_file(self.log(name), os.O_RDONLY), "rb") as log,
        ):
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
            return [printable(line.rstrip("\r").expandtabs()) for line in lines if line][-count:]
        return []

    def create(self) -> None:
        """Create missing directories with mode 0700.

        Raises:
            ConfigurationError: A directory cannot be written, or another user can change it.
        """
        for place in self._places:
            private.create_directory(place, root=self.path, variable=VARIABLE)

    def verify(self) -> None:
        """Check the existing directories.

        Raises:
            ConfigurationError: Another user can change a directory.
        """
        for place in self._places:
            private.verify(place, root=self.path, variable=VARIABLE)

    @property
    def in_use(self) -> bool:
        """True from the start of a local stack to its stop."""
        return os.path.lexists(self.state_file) or self.supervised

    def read(self) -> State | None:
        """Return the published state; None if no stack was started, or it was stopped.

        Raises:
            ConfigurationError: The file is damaged, or from another version of Sightline.
        """
        try:
            return State.from_json(self.state_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, *UNREADABLE) as error:
            raise ConfigurationError(
                f"{self.state_file} is damaged or from another version of Sightline "
                f"({type(error).__name__}: {error})"
            ) from error

    def has_state(self, text: str) -> bool:
        """Return true if the state file contains *text*."""
        try:
            return self.state_file.read_text(encoding="utf-8") == text
        except (OSError, ValueError):
            return False

    def write(self, text: str) -> None:
        """Write *text* to the state file.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        private.write(self.state_file, text, variable=VARIABLE)

    def remove_state(self) -> None:
        """Remove the state file after the stack was stopped.

        Raises:
            ConfigurationError: The file cannot be removed.
        """
        try:
            self.state_file.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise private.as_configuration_error(
                error, self.state_file, variable=VARIABLE
            ) from error

    def rename_damaged(self) -> Path:
        """Rename an unreadable state file and return its new path.

        Raises:
            ConfigurationError: The file cannot be renamed.
        """
        broken = self.state_file.with_name("state.json.broken")
        try:
            self.state_file.replace(broken)
        except OSError as error:
            raise private.as_configuration_error(
                error, self.state_file, variable=VARIABLE
            ) from error
        return broken

    @property
    def incomplete(self) -> bool:
        """True if a file is missing that a running supervisor recreates."""
        made = (self._lock_file, self.run / channel.NAME)
        return not all(map(os.path.lexists, made))

    @property
    def supervised(self) -> bool:
        """True while a supervisor runs."""
        try:
            lock = private.open_file(self._lock_file, os.O_RDONLY)
        except OSError:
            return False
        try:
            # A shared lock, so that two concurrent commands do not detect each other.
            return not _try_lock(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)

    @property
    def supervisor(self) -> Identity | None:
        """Running supervisor, as recorded in the lock file."""
        if self.supervised:
            with suppress(OSError, *UNREADABLE):
                return identity(json.loads(self._lock_file.read_text(encoding="utf-8")))
        return None

    @contextmanager
    def supervisor_lock(self) -> Iterator[int]:
        """Hold the lock; a new supervisor inherits its descriptor."""
        with self._open_lock(self._lock_file) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock

    def write_identity(self, lock: int, supervisor: Identity) -> None:
        """Record *supervisor* in the held *lock*.

        Raises:
            OSError: The disk is full.
        """
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(asdict(supervisor)).encode(), 0)

    def keep_lock(self, lock: int, supervisor: Identity) -> int:
        """Return *lock*; if its file was removed, a new lock.

        Raises:
            OSError: The file cannot be created.
            Superseded: Another supervisor holds the lock.
        """
        with suppress(FileNotFoundError):
            if os.path.samestat(self._lock_file.lstat(), os.fstat(lock)):
                return lock
        renewed = private.open_file(self._lock_file, os.O_RDWR | os.O_CREAT)
        # A command that asks whether a supervisor runs holds the lock for a moment.
        if not until(lambda: _try_lock(renewed, fcntl.LOCK_EX), within_seconds=_ASKED_SECONDS):
            os.close(renewed)
            raise Superseded
        os.close(lock)
        self.write_identity(renewed, supervisor)
        return renewed

    @contextmanager
    def start_lock(self) -> Iterator[bool]:
        """Exclude concurrent starts; yield false after a wait for another command.

        Raises:
            ConfigurationError: The directory cannot be written, or another user may change it.
        """
        self.create()
        with self._open_lock(self.run / "up.lock") as lock:
            first = _try_lock(lock, fcntl.LOCK_EX)
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
    def _open_lock(self, file: Path) -> Iterator[int]:
        try:
            lock = private.open_file(file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise private.as_configuration_error(error, file, variable=VARIABLE) from error
        try:
            yield lock
        finally:
            os.close(lock)


def _try_lock(lock: int, operation: int) -> bool:
    try:
        fcntl.flock(lock, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
