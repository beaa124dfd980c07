"""The store: segments of spans, the oldest of which goes when a bound is reached."""

import logging
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, TracesData

from sightline.errors import ConfigurationError
from sightline.tracestore.segment import Operation, Segment, files_of
from sightline.tracestore.settings import Bounds
from sightline.tracestore.tokens import Tokens
from sightline.tracestore.trace import StoredSpan, Trace

SEGMENTS: Final = 8
"""What is dropped at once is this share of a bound: removing a file costs the same at any size."""

_TRACE: Final = """
SELECT origin.body, span.body FROM span JOIN origin ON origin.id = span.origin
WHERE trace_id = ? ORDER BY span.id
"""

_log = logging.getLogger(__name__)


class Store:
    """Spans on disk: one writer, many readers, in a bounded number of files."""

    def __init__(self, path: Path, bounds: Bounds) -> None:
        self._path = path
        self._bounds = bounds
        self._tokens = Tokens()
        self._expiring = threading.Lock()
        numbers = self._numbers()
        found = (_opened_or_set_aside(self._file(number)) for number in sorted(numbers))
        self.segments = [segment for segment in found if segment]
        if not self.segments:
            self.segments = [_opened(self._file(max(numbers, default=0) + 1))]

    def _numbers(self) -> list[int]:
        """Numbers of the files that are there."""
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
        """Store all of *requests*, or nothing.

        Raises:
            sqlite3.Error: Nothing was stored, for example because the disk is full.
        """
        self._rotate()
        self.segments[-1].write(requests, self._tokens)

    def _rotate(self) -> None:
        """Begin a new segment when the newest has its share of a bound."""
        newest = self.segments[-1]
        if newest.spans and self._has_its_share(newest):
            following = _opened(self._file(max(self._numbers()) + 1))
            with self._expiring:
                self.segments = [*self.segments, following]
            newest.seal()
            self.expire()

    def expire(self) -> None:
        """Drop the oldest segment when there are too many, or when it is too old."""
        with self._expiring:
            oldest, *younger = self.segments
            if younger and (len(younger) >= SEGMENTS or self._is_too_old(oldest)):
                self.segments = younger
                oldest.drop()

    def _has_its_share(self, segment: Segment) -> bool:
        return (
            segment.spans * SEGMENTS >= self._bounds.spans
            or segment.size_bytes * SEGMENTS >= self._bounds.bytes
            or (time.time() - segment.born) * SEGMENTS >= self._bounds.age_seconds
            or self._is_too_old(segment)
        )

    def _is_too_old(self, segment: Segment) -> bool:
        """Whether its last span arrived longer ago than allowed."""
        return time.time() - segment.changed > self._bounds.age_seconds

    @property
    def spans(self) -> int:
        """How many spans are stored."""
        return sum(segment.spans for segment in self.segments)

    def services(self) -> list[str]:
        """Names of all services, sorted."""
        return sorted({name for segment in self.segments for name in segment.services})

    def operations(self, service: str) -> list[str]:
        """Names of the operations of *service*, sorted."""
        known: set[Operation] = set().union(*(segment.operations for segment in self.segments))
        return sorted(name for of, name in known if of == service)

    def trace(self, trace_id: bytes) -> Trace:
        """All spans of a trace; none of them if it is unknown."""
        found = self._select(_TRACE, (trace_id,))
        origins: dict[bytes, ResourceSpans] = {}
        for origin, _ in (rows := list(dict.fromkeys(found))):
            if origin not in origins:
                origins[origin] = ResourceSpans.FromString(origin)
        spans = [StoredSpan(origins[origin], Span.FromString(body)) for origin, body in rows]
        return Trace(trace_id, spans)

    def _select(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of *query*, from every segment."""
        for segment in self.segments:
            yield from segment.select(query, values)

    def close(self) -> None:
        """Close every file."""
        for segment in self.segments:
            segment.close()


def _opened(file: Path) -> Segment:
    """The segment in *file*, which is made if it is not there.

    Raises:
        ConfigurationError: It cannot be opened or made.
        sqlite3.DatabaseError: It is none of ours.
    """
    try:
        return Segment(file)
    except sqlite3.OperationalError as error:
        expected = "a file that we may write, and an SQLite with FTS5"
        raise ConfigurationError(f"{file}: {error}: expected {expected}") from error


def _opened_or_set_aside(file: Path) -> Segment | None:
    """The segment in *file*; what is none of ours is renamed, for the rest is still good."""
    try:
        return _opened(file)
    except sqlite3.DatabaseError as error:
        for part in filter(Path.exists, files_of(file)):
            part.rename(f"{part}.broken")
        _log.warning("%s: %s: set aside as %s.broken", file, error, file.name)
        return None
