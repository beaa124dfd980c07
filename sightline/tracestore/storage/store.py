"""Store of spans in segments; the oldest segment is dropped when a bound is reached."""

import logging
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.errors import ConfigurationError
from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.segment import (
    LONG_LENGTHS,
    USUAL_LENGTHS,
    Segment,
    files_of,
)
from sightline.tracestore.storage.tokens import Tokens

SEGMENTS: Final = 8
"""Files at most. Dropping one frees this share of a bound, at the same cost at any size."""

_SPARE_BYTES: Final = 4 * 1024 * 1024
"""Free space that the store leaves for its write-ahead log."""

_SCARCE_BYTES: Final = 1024 * 1024
"""With less free space, an error of SQLite counts as a full disk, whatever its code."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits of the store; reaching one drops the oldest eighth. A full disk does, too."""

    spans: int
    """Variable ``TRACESTORE_MAX_SPANS``."""
    bytes: int
    """Size of all files together. Variable ``TRACESTORE_MAX_BYTES``."""
    age_seconds: float
    """Time since a span arrived. Variable ``TRACESTORE_MAX_AGE_SECONDS``."""


class Store:
    """Spans in a bounded number of files, with one writer and many readers."""

    def __init__(
        self, path: Path, bounds: Bounds, *, free_bytes: Callable[[], int] | None = None
    ) -> None:
        """Open the files of *path*; *free_bytes* returns the free space of their disk."""
        self._path = path
        self._bounds = bounds
        self._free_bytes = free_bytes or (lambda: shutil.disk_usage(path.parent).free)
        self._tokens = Tokens()
        self._expiring = threading.Lock()
        numbers = self._numbers()
        opened = (_open_or_quarantine(self._file(number)) for number in sorted(numbers))
        self.segments = [segment for segment in opened if segment]
        if not self.segments:
            self.segments = [_open_segment(self._file(max(numbers, default=0) + 1))]

    def _numbers(self) -> list[int]:
        """Return the numbers of the existing files."""
        folder, name = self._path.parent, self._path.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = [file.name for file in folder.iterdir()]
        except OSError as error:
            raise ConfigurationError(f"TRACESTORE_PATH={name!r}: {folder}: {error}") from error
        numbered = re.compile(rf"{re.escape(self._path.stem)}\.(\d+){re.escape(self._path.suffix)}")
        return [int(match[1]) for file in files if (match := numbered.fullmatch(file))]

    def _file(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.stem}.{number:06}{self._path.suffix}")

    def write(self, requests: Sequence[TracesData]) -> None:
        """Store all of *requests* in one transaction; a full disk drops the oldest segment.

        Raises:
            sqlite3.Error: Nothing was stored; the disk is full, and the newest segment is the only
                one.
        """
        while True:
            try:
                self._rotate()
                self.segments[-1].write(requests, self._tokens)
            except sqlite3.Error as error:
                if not (self._disk_is_full(error) and self._drop_oldest()):
                    raise
            else:
                return

    def _rotate(self) -> None:
        """Start a new segment when the newest has reached its share of a bound."""
        newest = self.segments[-1]
        if newest.spans and self._is_full(newest):
            following = _create_segment(self._file(max(self._numbers()) + 1))
            with self._expiring:
                self.segments = [*self.segments, following]
            newest.seal()
            self.expire()

    def _disk_is_full(self, error: sqlite3.Error) -> bool:
        full = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
        return full or self._free_bytes() < _SCARCE_BYTES

    def _drop_oldest(self) -> bool:
        """Drop the oldest segment; return false if it is the only one."""
        with self._expiring:
            oldest, *younger = self.segments
            if younger:
                _log.warning("%s: the disk is full: dropping the oldest spans", oldest.path)
                self.segments = younger
                oldest.drop()
            return bool(younger)

    def expire(self) -> None:
        """Drop the oldest segment if there are too many or it is too old."""
        with self._expiring:
            oldest, *younger = self.segments
            if younger and (len(younger) >= SEGMENTS or self._is_too_old(oldest)):
                self.segments = younger
                oldest.drop()

    def _is_full(self, segment: Segment) -> bool:
        return (
            segment.spans * SEGMENTS >= self._bounds.spans
            or segment.size_bytes * SEGMENTS >= self._available_bytes()
            or (time.time() - segment.created_at) * SEGMENTS >= self._bounds.age_seconds
            or self._is_too_old(segment)
        )

    def _available_bytes(self) -> int:
        """Return the bytes that the store may take on its disk."""
        free = self._free_bytes()
        if free >= self._bounds.bytes:
            return self._bounds.bytes
        used = sum(segment.size_bytes for segment in self.segments)
        return min(self._bounds.bytes, used + free - _SPARE_BYTES)

    def _is_too_old(self, segment: Segment) -> bool:
        """Return true if the last span of *segment* arrived longer ago than allowed."""
        return time.time() - segment.changed > self._bounds.age_seconds

    @property
    def spans(self) -> int:
        """Number of stored spans."""
        return sum(segment.spans for segment in self.segments)

    def services(self, room: Room) -> list[str]:
        """Return the names of all services, sorted; as many as there is *room* for.

        Raises:
            NeedsMoreRoom: The room is small, and there is none left.
        """
        return self._names(lambda segment, lengths: segment.services(lengths), room)

    def operations(self, service: str, room: Room) -> list[str]:
        """Return the names of the operations of *service*; as `services`."""
        return self._names(lambda segment, lengths: segment.operations(service, lengths), room)

    def _names(
        self, names_of: Callable[[Segment, tuple[int, int]], Iterator[str]], room: Room
    ) -> list[str]:
        """Return names, sorted and each once; long ones leave the room to usual ones."""
        found: set[str] = set()
        for lengths, segment in product((USUAL_LENGTHS, LONG_LENGTHS), self.segments):
            for name in names_of(segment, lengths):
                if name not in found and not room.take(len(name)):
                    return sorted(found)
                found.add(name)
        return sorted(found)

    def close(self) -> None:
        """Close every file."""
        for segment in self.segments:
            segment.close()


def _open_segment(file: Path) -> Segment:
    """Open the segment in *file*; create the file if it is missing.

    Raises:
        ConfigurationError: The file cannot be opened or created.
        sqlite3.DatabaseError: The file is no segment of this version.
    """
    try:
        return Segment(file)
    except sqlite3.OperationalError as error:
        expected = "a writable file, and SQLite with FTS5"
        raise ConfigurationError(f"{file}: {error}: expected {expected}") from error


def _create_segment(file: Path) -> Segment:
    """Create the segment in *file*, or nothing.

    Raises:
        sqlite3.Error: The file cannot be created; the disk may be full.
    """
    try:
        return Segment(file)
    except sqlite3.Error:
        for part in files_of(file):
            part.unlink(missing_ok=True)
        raise


def _open_or_quarantine(file: Path) -> Segment | None:
    """Open the segment in *file*; rename an unreadable file, because the others are usable."""
    try:
        return _open_segment(file)
    except sqlite3.DatabaseError as error:
        for part in filter(Path.exists, files_of(file)):
            part.rename(f"{part}.broken")
        _log.warning("%s: %s: renamed to %s.broken, its spans are lost", file, error, file.name)
        return None
