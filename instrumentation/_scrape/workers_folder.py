"""Where the children of one server meet: a folder of their user's, named after the server."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from zlib import crc32

VERSION: Final = 1
"""Of what workers write down: those of different releases do not meet."""

REMAINS: Final = "remains"
"""Who speaks for the workers that are gone."""

LONGEST_ADDRESS: Final = 107
"""Bytes of a Unix socket's path. Source: unix(7)."""

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  what is in it is checked
"""Writable even in a container that is read-only otherwise."""


class Folder:
    """The meeting place for one page of metrics: sockets of workers, and what each said last.

    Args:
        page: What the siblings call the same page.
        root: Where the folders of servers are; of this user, in the temporary directory, when
            left out.
        server: The process whose children meet; the parent of this one when left out.

    Raises:
        OSError: There is no place to meet; it says why.
    """

    def __init__(self, page: str, *, root: Path | None = None, server: int | None = None) -> None:
        root = root or _temporary() / f"sightline-workers-{os.getuid()}"
        _make_private(root)
        _tidy(root)
        home = root / f"{_namespace()}-{worker(server or os.getppid())}"
        self.path = home / f"{crc32(page.encode()):08x}-{VERSION}"
        home.mkdir(mode=0o700, exist_ok=True)
        self.path.mkdir(exist_ok=True)
        self._descriptor = os.open(self.path, os.O_RDONLY)
        # Tells who tidies up, systemd-tmpfiles too, that the server's folder is in use.
        fcntl.flock(os.open(home, os.O_RDONLY), fcntl.LOCK_SH)

    def workers(self) -> set[str]:
        """Everyone who is here or was and left a word."""
        files = self.path.iterdir()
        return {file.stem for file in files if file.suffix in {".sock", ".json"}} - {REMAINS}

    def address(self, name: str) -> str:
        """The path of the socket of *name*; by way of a descriptor when it is too long."""
        plain = str(self.path / f"{name}.sock")
        if len(os.fsencode(plain)) <= LONGEST_ADDRESS:
            return plain
        return f"/proc/self/fd/{self._descriptor}/{name}.sock"

    def read(self, name: str) -> bytes | None:
        """The word of *name*; None: there is none."""
        with suppress(FileNotFoundError):
            return self._word(name).read_bytes()
        return None

    def write(self, name: str, word: bytes) -> None:
        """Leave the word of *name*, whole: a sibling may read it now."""
        draft = self.path / f"{name}.draft"
        draft.write_bytes(word)
        draft.replace(self._word(name))

    def version(self, name: str) -> tuple[int, ...]:
        """Something else whenever the word of *name* is another; empty: there is none."""
        with suppress(FileNotFoundError):
            found = self._word(name).stat()
            return found.st_ino, found.st_mtime_ns, found.st_size
        return ()

    def forget(self, names: Iterable[str]) -> None:
        """Remove everything of *names*."""
        for name in names:
            for suffix in ("sock", "json", "draft"):
                (self.path / f"{name}.{suffix}").unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no sibling is in such a block now; who dies in it lets go."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        locked = _locked(descriptor)
        try:
            yield locked
        finally:
            if locked:  # said aloud: a child that was forked meanwhile has the descriptor, too
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _word(self, name: str) -> Path:
        return self.path / f"{name}.json"


def worker(process: int) -> str:
    """A name for *process* that no later one gets: its number may be given again."""
    return f"{process}-{_started_at(process)}"


def gone(name: str) -> bool:
    """Whether the process that `worker` gave *name* to has ended."""
    process, _, started = name.partition("-")
    return not process.isdigit() or _started_at(int(process)) != started


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # no directory that one may write to
        return SHARED_MEMORY


def _make_private(folder: Path) -> None:
    """Make *folder*, or see that the one which is there is ours to change alone.

    Raises:
        PermissionError: Somebody else could put words into our workers' mouths.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not ours or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(
            f"{folder} is {stat.filemode(found.st_mode)} of user {found.st_uid}: expected a "
            f"directory that only user {os.getuid()} may change; remove it, or set TMPDIR"
        )


def _tidy(root: Path) -> None:
    """Remove the folders of servers that are gone."""
    for folder in root.iterdir():
        namespace, _, server = folder.name.partition("-")
        with suppress(FileNotFoundError):  # another one tidies up, too
            if gone(server) if namespace == _namespace() else _unused(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _namespace() -> str:
    """In which numbers mean the same processes: containers may share a temporary directory."""
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    return "0"


def _unused(folder: Path) -> bool:
    """Whether no worker, of another container, is in *folder*."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Whether what *descriptor* opened is locked for it from now on, for nobody else."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _started_at(process: int) -> str:
    """When *process* started, in the system's ticks; empty: it is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if _lacking(process) else "unknown"
    state, *facts = text.rpartition(")")[2].split()
    return "" if state == "Z" else facts[18]


def _lacking(process: int) -> bool:
    """Whether there is no such process, where the system has no files about them."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # or a number that no process has
        return True
    except PermissionError:
        pass
    return False
