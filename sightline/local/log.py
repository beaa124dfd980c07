"""Log of one role: bounded, and restored when its file was removed.

The role writes into the file itself, so it keeps running when the supervisor is killed. The
supervisor keeps the file open: where the path does not lead to it any more, it copies what the
role writes to a new file at the path.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from sightline import private

LIMIT_BYTES: Final = 16 << 20
_CHUNK_BYTES: Final = 1 << 20
_TRIES: Final = 100
_RESTORED: Final = b"sightline: this log was removed or moved, its role keeps writing\n"
_LOST: Final = b"sightline: the role writes faster than its log is copied, lines are lost\n"


class Log:
    """A new log at *path*; the one before becomes the old log."""

    def __init__(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.replace(_old(path))
        self._path = path
        self.descriptor = private.opened(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        self._kept = 0
        """Bytes of the role's file that are also at the path, or were before it was removed."""

    def close(self) -> None:
        """Bring the path up to date and close the file."""
        try:
            self.tidy()
        finally:
            os.close(self.descriptor)

    def tidy(self) -> None:
        """Restore the log if it was removed, and bound it.

        Raises:
            OSError: The disk is full, or something else stands at the path.
        """
        if self._in_place():
            self._kept = os.fstat(self.descriptor).st_size
            if self._kept > LIMIT_BYTES:
                self._rotate()
        else:
            self._restore()

    def _in_place(self) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(self._path.lstat(), os.fstat(self.descriptor))
        return False

    def _restore(self) -> None:
        """Copy what the role wrote to the path: all of it when no other file has it any more."""
        found = os.fstat(self.descriptor)
        there = os.path.lexists(self._path)
        if found.st_nlink == 0 and not there:
            self._kept = 0
        if found.st_size == self._kept and there:
            return
        copy = private.opened(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            if os.fstat(copy).st_size == 0:
                os.write(copy, _RESTORED)
            self._copy(copy)
            if os.fstat(copy).st_size > LIMIT_BYTES:
                self._path.replace(_old(self._path))
            if self._kept > LIMIT_BYTES:
                self._cut(copy)
        finally:
            os.close(copy)

    def _rotate(self) -> None:
        old = _old(self._path)
        old.unlink(missing_ok=True)
        copy = private.opened(old, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        try:
            self._kept = 0
            self._copy(copy)
            self._cut(copy)
        except OSError:
            old.unlink(missing_ok=True)  # half a copy would only fill the disk
            raise
        finally:
            os.close(copy)

    def _copy(self, target: int) -> None:
        """Append to *target* what the role wrote since the last copy."""
        while chunk := os.pread(self.descriptor, _CHUNK_BYTES, self._kept):
            self._kept += os.write(target, chunk)

    def _cut(self, copy: int) -> None:
        """Empty the role's file; the role appends, so its next line is the first one."""
        for _ in range(_TRIES):
            if os.fstat(self.descriptor).st_size == self._kept:
                break
            self._copy(copy)
        else:
            os.write(copy, _LOST)
        os.ftruncate(self.descriptor, 0)
        self._kept = 0


def _old(path: Path) -> Path:
    return path.with_suffix(".log.1")
