"""Reader of traces that respects the room of a response.

SQLite checks the sizes, so that nothing larger is in memory.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from instrumentation.conventions import Attribute
from sightline.tracestore.storage.attributes import count
from sightline.tracestore.storage.room import MAX_ITEM_BYTES, MAX_ITEMS, SMALL_ITEMS, Room
from sightline.tracestore.storage.rows import MAX_INTEGER
from sightline.tracestore.storage.segment import Segment
from sightline.tracestore.storage.store import Store
from sightline.tracestore.storage.trace import StoredSpan, Trace

_SIZE: Final = """
SELECT count(*), coalesce(sum(min(length(body), ?)), 0) FROM span WHERE trace_id = ?
"""
_ROWS: Final = """
SELECT id, origin, span_id, parent_id, start, duration, CASE WHEN length(body) <= ? THEN body END
FROM span WHERE
"""
_SOME: Final = f"{_ROWS} trace_id = ?"
_BY_TRACE: Final = f"{_SOME} ORDER BY id"
_BY_ID: Final = f"{_ROWS} id = ?"
_EARLIEST: Final = "SELECT start, id FROM span WHERE trace_id = ? ORDER BY start, id LIMIT ?"
_NAME: Final = """
SELECT operation.name FROM span JOIN operation ON operation.id = span.operation WHERE span.id = ?
"""
_ORIGIN: Final = (
    "SELECT service, CASE WHEN length(body) <= ? THEN body END FROM origin WHERE id = ?"
)

_TOO_LARGE: Final = (
    f"the span is larger than {MAX_ITEM_BYTES >> 20} MiB; "
    "its attributes, events and links are not shown"
)


_RESOURCE_TOO_LARGE: Final = (
    "resource and scope are too large for the response; their attributes are not shown"
)


class _Row(NamedTuple):
    """Row of a span."""

    id: int
    origin: int
    span_id: bytes
    parent_id: bytes | None
    start: int
    duration: int
    body: bytes | None
    """None, if it is too large."""


_Place = tuple[Segment, _Row]


def _arrival(place: _Place) -> int:
    return place[1].id


class _Origin(NamedTuple):
    """Decoded origin with its service."""

    message: ResourceSpans
    service: str
    complete: bool = True


class TraceReader:
    """Reader of the traces in one response."""

    def __init__(self, store: Store, room: Room) -> None:
        self._store = store
        self._room = room
        self._resources = room.for_resources()
        self._origins: dict[tuple[Segment, int], _Origin] = {}
        self._origins_by_body: dict[bytes, _Origin] = {}

    @property
    def full(self) -> bool:
        """True once a trace was cut, because there was no room for all of it."""
        return self._room.full

    def trace(self, trace_id: bytes) -> Trace:
        """Return the trace *trace_id* in order of arrival; an unknown one has no spans.

        Of a trace that is too large, the earliest spans are returned. The last one has a warning.
        Traces after it have no spans.

        Raises:
            NeedsMoreRoom: The room is small, and there is none left.
        """
        if self._room.full:
            return Trace(trace_id, [])
        rows: Iterable[_Place] | None = self._few(trace_id)
        if rows is None and not self.full and self._fits(trace_id):
            rows = self._arrived(trace_id)
        elif rows is None:
            self._room.fill()
            rows = self._earliest(trace_id)
        trace = Trace(trace_id, list(self._spans(trace_id, rows)))
        if self._room.full:
            trace.cut()
        return trace

    def _few(self, trace_id: bytes) -> list[_Place] | None:
        """Return the spans of a small trace in order of arrival, without an extra query.

        None, if there are too many, or no room for them.

        Raises:
            NeedsMoreRoom: There is no room, and it is small.
        """
        found: list[_Place] = []
        size_bytes = 0
        for segment in self._store.segments:
            first = len(found)
            # Without an order, so that SQLite reads no row before it is asked for.
            for columns in segment.select(_SOME, (MAX_ITEM_BYTES, trace_id)):
                row = _Row._make(columns)
                size_bytes += len(row.body or b"")
                if not self._room.has(size_bytes, items=len(found) + 1):
                    self._room.fill()
                    return None
                if len(found) == SMALL_ITEMS:
                    return None
                found.append((segment, row))
            found[first:] = sorted(found[first:], key=_arrival)
        return found

    def _fits(self, trace_id: bytes) -> bool:
        sizes = [
            size
            for segment in self._store.segments
            for size in segment.select(_SIZE, (MAX_ITEM_BYTES, trace_id))
        ]
        spans, size_bytes = (sum(column) for column in zip(*sizes, strict=True))
        return self._room.has(size_bytes, items=spans)

    def _arrived(self, trace_id: bytes) -> Iterator[_Place]:
        for segment in self._store.segments:
            for row in segment.select(_BY_TRACE, (MAX_ITEM_BYTES, trace_id)):
                yield segment, _Row._make(row)

    def _earliest(self, trace_id: bytes) -> Iterator[_Place]:
        segments = self._store.segments
        places = sorted(
            (start, number, id_)
            for number, segment in enumerate(segments)
            for start, id_ in segment.select(_EARLIEST, (trace_id, MAX_ITEMS))
        )
        for _, number, id_ in places:
            for row in segments[number].select(_BY_ID, (MAX_ITEM_BYTES, id_)):
                yield segments[number], _Row._make(row)

    def _spans(self, trace_id: bytes, rows: Iterable[_Place]) -> Iterator[StoredSpan]:
        """Yield the spans in *rows*, each once, while there is room."""
        seen: set[tuple[int, bytes]] = set()
        for segment, row in rows:
            origin = self._origin(segment, row.origin)
            body = _bare_span(segment, trace_id, row) if row.body is None else row.body
            if not self._room.take(len(body)):
                return
            if (id(origin.message), body) not in seen:
                seen.add((id(origin.message), body))
                yield _stored(origin, row, body)

    def _origin(self, segment: Segment, number: int) -> _Origin:
        """Return resource and scope, decoded once for the whole response."""
        known = self._origins.get((segment, number))
        if known is None:
            known = self._origins[segment, number] = self._read_origin(segment, number)
        return known

    def _read_origin(self, segment: Segment, number: int) -> _Origin:
        for service, body in segment.select(_ORIGIN, (MAX_ITEM_BYTES, number)):
            if body is None:
                return _bare_origin(service)
            # Each file has its own rows. One object makes one group of their spans.
            if body not in self._origins_by_body:
                self._origins_by_body[body] = self._decoded(service, body)
            return self._origins_by_body[body]
        return _bare_origin("")  # its file was dropped in the meantime

    def _decoded(self, service: str, body: bytes) -> _Origin:
        origin = ResourceSpans.FromString(body)
        attributes = count(origin.resource.attributes)
        attributes += sum(count(scoped.scope.attributes) for scoped in origin.scope_spans)
        if not self._resources.take(len(body), items=attributes):
            return _bare_origin(service)
        return _Origin(origin, service)


def _stored(origin: _Origin, row: _Row, body: bytes) -> StoredSpan:
    start, end = row.start, row.start + row.duration
    if row.start == MAX_INTEGER or row.duration in {0, MAX_INTEGER}:
        # The columns are limited to 63 bits, and to positive durations.
        span = Span.FromString(body)
        start, end = span.start_time_unix_nano, span.end_time_unix_nano
    warnings = [_TOO_LARGE] if row.body is None else []
    if not origin.complete:
        warnings.append(_RESOURCE_TOO_LARGE)
    ids = row.span_id, row.parent_id or b""
    return StoredSpan(origin.message, origin.service, body, *ids, start, end, warnings)


def _bare_span(segment: Segment, trace_id: bytes, row: _Row) -> bytes:
    """Return the body of a span that is too large, without what makes it large."""
    name = next((name for (name,) in segment.select(_NAME, (row.id,))), "")
    return Span(
        trace_id=trace_id,
        span_id=row.span_id,
        parent_span_id=row.parent_id or b"",
        name=name,
        start_time_unix_nano=row.start,
        end_time_unix_nano=row.start + row.duration,
    ).SerializeToString()


def _bare_origin(service: str) -> _Origin:
    """Return an origin that is too large as its service name."""
    named = KeyValue(key=Attribute.SERVICE_NAME, value=AnyValue(string_value=service))
    resource = Resource(attributes=[named])
    message = ResourceSpans(resource=resource, scope_spans=[ScopeSpans()])
    return _Origin(message, service, complete=False)
