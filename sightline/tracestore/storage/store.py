"""Store of spans in segments; the oldest segment is dropped when a bound is reached."""

import logging
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, TracesData

from sightline.errors import ConfigurationError
from sightline.tracestore.storage.segment import Operation, Segment, files_of
from sightline.tracestore.storage.tokens import Tokens
from sightline.tracestore.storage.trace import StoredSpan, Trace

SEGMENTS: Final = 8
"""Files at most. Dropping one frees this share of a bound, at the same cost at any size."""

_TRACE: Final = """
SELECT origin.body, span.body FROM span JOIN origin ON origin.id = span.origin
WHERE trace_id = ? ORDER BY span.id
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits of the store; reaching one drops the oldest eighth."""

    spans: int
    """Variable ``TRACESTORE_MAX_SPANS``."""
    bytes: int
    """Size of all files together. Variable ``TRACESTORE_MAX_BYTES``."""
    age_seconds: float
    """Time since a span arrived. Variable ``TRACESTORE_MAX_AGE_SECONDS``."""


class Store:
    """Spans in a bounded number of files, with one writer and many readers."""

    def __init__(self, path: Path, bounds: Bounds) -> None:
        self._path = path
        self._bounds = bounds
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

    def write(self, requests: Iterable[TracesData]) -> None:
        """Store all of *requests* in one transaction.

        Raises:
            sqlite3.Error: Nothing was stored; the disk may be full.
        """
        self._rotate()
        self.segments[-1].write(requests, self._tokens)

    def _rotate(self) -> None:
        """Start a new segment when the newest has reached its share of a bound."""
        newest = self.segments[-1]
        if newest.spans and self._is_full(newest):
            following = _open_segment(self._file(max(self._numbers()) + 1))
            with self._expiring:
                self.segments = [*self.segments, following]
            newest.seal()
            self.expire()

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
            or segment.size_bytes * SEGMENTS >= self._bounds.bytes
            or (time.time() - segment.created_at) * SEGMENTS >= self._bounds.age_seconds
            or self._is_too_old(segment)
        )

    def _is_too_old(self, segment: Segment) -> bool:
        """Return true if the last span of *segment* arrived longer ago than allowed."""
        return time.time() - segment.changed > self._bounds.age_seconds

    @property
    def spans(self) -> int:
        """Number of stored spans."""
        return sum(segment.spans for segment in self.segments)

    def services(self) -> list[str]:
        """Return the names of all services, sorted."""
        return sorted({name for segment in self.segments for name in segment.services})

    def operations(self, service: str) -> list[str]:
        """Return the names of the operations of *service*, sorted."""
        known: set[Operation] = set().union(*(segment.operations for segment in self.segments))
        return sorted(name for of, name in known if of == service)

    def trace(self, trace_id: bytes) -> Trace:
        """Return the trace *trace_id*; an unknown one has no spans."""
        found = self._select(_TRACE, (trace_id,))
        origins: dict[bytes, ResourceSpans] = {}
        for origin, _ in (rows := list(dict.fromkeys(found))):
            if origin not in origins:
                origins[origin] = ResourceSpans.FromString(origin)
        spans = [StoredSpan(origins[origin], Span.FromString(body)) for origin, body in rows]
        return Trace(trace_id, spans)

    def _select(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of *query* from every segment."""
        for segment in self.segments:
            yield from segment.select(query, values)

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


def _open_or_quarantine(file: Path) -> Segment | None:
    """Open the segment in *file*; rename an unreadable file, because the others are usable."""
    try:
        return _open_segment(file)
    except sqlite3.DatabaseError as error:
        for part in filter(Path.exists, files_of(file)):
            part.rename(f"{part}.broken")
        _log.warning("%s: %s: renamed to %s.broken, its spans are lost", file, error, file.name)
        return None
