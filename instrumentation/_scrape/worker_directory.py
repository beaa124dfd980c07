"""Directory shared by the workers of one server, private to their user."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION: Final = 2
"""Format of the files. Workers of releases with different formats use separate directories."""

EXITED: Final = "exited"
"""Name, in place of a worker id, of the file with the total of the exited workers."""

MAX_ADDRESS_BYTES: Final = 107
"""Length limit of a Unix socket's path. Source: unix(7)."""

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  its ownership and mode are checked
"""Writable even in a container with a read-only root file system."""


class WorkerDirectory:
    """Sockets and snapshot files of the workers that serve the same metrics page.

    Args:
        page: Name of the page, equal in all siblings.
        root: Parent of the servers' directories; when left out, a directory of this user in the
            temporary directory.
        server: Process id of the workers' parent; the parent of this process when left out.

    Raises:
        OSError: The directory cannot be created, or others may write to it.
    """

    def __init__(self, page: str, *, root: Path | None = None, server: int | None = None) -> None:
        root = root or _temporary_directory() / f"sightline-workers-{os.getuid()}"
        _ensure_private(root)
        _remove_stale(root)
        home = root / f"{_pid_namespace()}-{worker_id(server or os.getppid())}"
        self.path = home / f"{crc32(page.encode()):08x}-{VERSION}"
        home.mkdir(mode=0o700, exist_ok=True)
        self.path.mkdir(exist_ok=True)
        self._descriptor = os.open(self.path, os.O_RDONLY)
        # A shared lock marks the directory as in use, for siblings and for systemd-tmpfiles.
        fcntl.flock(os.open(home, os.O_RDONLY), fcntl.LOCK_SH)

    def worker_ids(self) -> set[str]:
        """Return the ids of all workers that have a socket or a snapshot file."""
        files = self.path.iterdir()
        return {file.stem for file in files if file.suffix in {".sock", ".json"}} - {EXITED}

    def address(self, name: str) -> str:
        """Return the socket path of worker *name*, shortened through a descriptor if too long."""
        plain = str(self.path / f"{name}.sock")
        if len(os.fsencode(plain)) <= MAX_ADDRESS_BYTES:
            return plain
        return f"/proc/self/fd/{self._descriptor}/{name}.sock"

    def read(self, name: str) -> bytes | None:
        """Return the snapshot file of *name*, or None if there is none."""
        with suppress(FileNotFoundError):
            return self._file(name).read_bytes()
        return None

    def write(self, name: str, content: bytes) -> None:
        """Replace the snapshot file of *name* atomically: a sibling may be reading it."""
        draft = self.path / f"{name}.draft"
        draft.write_bytes(content)
        draft.replace(self._file(name))

    def version(self, name: str) -> tuple[int, ...]:
        """Return a value that changes whenever the file of *name* does; empty without a file."""
        with suppress(FileNotFoundError):
            found = self._file(name).stat()
            return found.st_ino, found.st_mtime_ns, found.st_size
        return ()

    def remove(self, names: Iterable[str]) -> None:
        """Remove all files of *names*."""
        for name in names:
            for suffix in ("sock", "json", "draft"):
                (self.path / f"{name}.{suffix}").unlink(missing_ok=True)

    @contextmanager
    def try_lock(self) -> Iterator[bool]:
        """Hold the directory's lock in the block, if it is free, and yield True if so.

        The kernel releases the lock of a process that dies in the block.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        locked = _try_flock(descriptor)
        try:
            yield locked
        finally:
            if locked:  # closing is not enough: a child forked meanwhile inherited the descriptor
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.json"


def worker_id(pid: int) -> str:
    """Return an id of process *pid* that stays unique when the system reuses the pid."""
    return f"{pid}-{start_ticks(pid)}"


def has_exited(name: str) -> bool:
    """Return True when the process with the worker id *name* has exited."""
    pid, _, started = name.partition("-")
    return not pid.isdigit() or start_ticks(int(pid)) != started


def _temporary_directory() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # no candidate is writable
        return SHARED_MEMORY


def _ensure_private(directory: Path) -> None:
    """Create *directory*, or check that only this user may write to the existing one.

    Raises:
        PermissionError: Another user could forge the workers' samples.
    """
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    owned = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not owned or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(
            f"{directory} is {stat.filemode(found.st_mode)} of user {found.st_uid}: expected a "
            f"directory that only user {os.getuid()} may change; remove it, or set TMPDIR"
        )


def _remove_stale(root: Path) -> None:
    """Remove the directories of servers that have exited."""
    for directory in root.iterdir():
        namespace, _, server = directory.name.partition("-")
        with suppress(FileNotFoundError):  # another process removes it at the same time
            if has_exited(server) if namespace == _pid_namespace() else _is_unused(directory):
                shutil.rmtree(directory, ignore_errors=True)


def _pid_namespace() -> str:
    """Return the id of the PID namespace: containers may share a temporary directory."""
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    return "0"


def _is_unused(directory: Path) -> bool:
    """Return True when no worker, possibly of another container, holds *directory*'s lock."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        return _try_flock(descriptor)
    finally:
        os.close(descriptor)


def _try_flock(descriptor: int) -> bool:
    """Lock the file of *descriptor* exclusively; return False when another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def start_ticks(pid: int) -> str:
    """Return the start of process *pid* in clock ticks since boot; empty when it has exited."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if _pid_missing(pid) else "unknown"
    state, *fields = text.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]


def _pid_missing(pid: int) -> bool:
    """Return True when no process has *pid*, on systems without ``/proc``."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # or a number outside the range of pids
        return True
    except PermissionError:
        pass
    return False
