"""Log file of one role, of bounded size, restored after its removal.

The role itself writes to the file, so it survives a killed supervisor. The supervisor keeps the
file open. If the path no longer refers to it, new lines are copied to a new file at the path.
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
    """New log at *path*; the previous one becomes the old log."""

    def __init__(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.replace(_old(path))
        self._path = path
        self.descriptor = private.open_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        self._copied_bytes = 0
        """Bytes of the role's file that were copied to the path."""

    def close(self) -> None:
        """Copy the remaining lines and close the file."""
        try:
            self.maintain()
        finally:
            os.close(self.descriptor)

    def maintain(self) -> None:
        """Restore a removed log and limit its size.

        Raises:
            OSError: The disk is full, or the path is no file.
        """
        if self._path_is_current():
            self._copied_bytes = os.fstat(self.descriptor).st_size
            if self._copied_bytes > LIMIT_BYTES:
                self._rotate()
        else:
            self._restore()

    def _path_is_current(self) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(self._path.lstat(), os.fstat(self.descriptor))
        return False

    def _restore(self) -> None:
        """Copy new lines to the path; all lines if no other file contains them."""
        stat = os.fstat(self.descriptor)
        path_exists = os.path.lexists(self._path)
        if stat.st_nlink == 0 and not path_exists:
            self._copied_bytes = 0
        if stat.st_size == self._copied_bytes and path_exists:
            return
        copy = private.open_file(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            if os.fstat(copy).st_size == 0:
                os.write(copy, _RESTORED)
            self._copy(copy)
            if os.fstat(copy).st_size > LIMIT_BYTES:
                self._path.replace(_old(self._path))
            if self._copied_bytes > LIMIT_BYTES:
                self._cut(copy)
        finally:
            os.close(copy)

    def _rotate(self) -> None:
        old = _old(self._path)
        old.unlink(missing_ok=True)
        copy = private.open_file(old, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        try:
            self._copied_bytes = 0
            self._copy(copy)
            self._cut(copy)
        except OSError:
            old.unlink(missing_ok=True)  # an incomplete copy would only fill the disk
            raise
        finally:
            os.close(copy)

    def _copy(self, target: int) -> None:
        """Append the lines since the last copy to *target*."""
        while chunk := os.pread(self.descriptor, _CHUNK_BYTES, self._copied_bytes):
            self._copied_bytes += os.write(target, chunk)

    def _cut(self, copy: int) -> None:
        """Truncate the role's file; the role writes in append mode."""
        for _ in range(_TRIES):
            if os.fstat(self.descriptor).st_size == self._copied_bytes:
                break
            self._copy(copy)
        else:
            os.write(copy, _LOST)
        os.ftruncate(self.descriptor, 0)
        self._copied_bytes = 0


def _old(path: Path) -> Path:
    return path.with_suffix(".log.1")
