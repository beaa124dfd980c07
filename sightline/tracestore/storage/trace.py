"""Traces read from the store."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, TracesData

from sightline.tracestore.storage.room import Room
from sightline.tracestore.storage.rows import rows

SMALL_TRACE_BYTES: Final = 64 * 1024
"""About 200 usual spans."""


@dataclass(slots=True)
class StoredSpan:
    """Span with its origin, still encoded: a decoded one takes up to fifty times the memory."""

    origin: ResourceSpans
    """Resource and scope; one object for all spans that share them."""
    service: str
    body: bytes
    """Encoded `Span`."""
    span_id: bytes
    parent: bytes
    """Parent span id; empty for a root."""
    start: int
    """Nanoseconds since 1970, as `end`."""
    end: int
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, origin: ResourceSpans, service: str, span: Span) -> Self:
        """Return *span*, encoded."""
        parent = span.parent_span_id if span.parent_span_id.strip(b"\0") else b""
        times = span.start_time_unix_nano, span.end_time_unix_nano
        return cls(origin, service, span.SerializeToString(), span.span_id, parent, *times)

    @property
    def span(self) -> Span:
        """Decoded span, a new one for each access."""
        return Span.FromString(self.body)


@dataclass(frozen=True, slots=True)
class Trace:
    """Spans of one trace, in order of arrival."""

    trace_id: bytes
    spans: list[StoredSpan]

    @property
    def small(self) -> bool:
        """True if all spans may be decoded at the same time."""
        return sum(len(stored.body) for stored in self.spans) <= SMALL_TRACE_BYTES

    def cut(self) -> None:
        """Add a warning to the last span, because there are more."""
        for last in self.spans[-1:]:
            last.warnings.append(cut_warning(len(self.spans)))

    def groups(self) -> Iterator[tuple[ResourceSpans, list[StoredSpan]]]:
        """Yield the spans of each origin, sorted by start."""
        grouped: dict[int, list[StoredSpan]] = defaultdict(list)
        for stored in self.spans:
            grouped[id(stored.origin)].append(stored)
        for group in grouped.values():
            group.sort(key=lambda stored: stored.start)
            yield group[0].origin, group


def cut_warning(spans: int) -> str:
    """Return the warning on the last of *spans* spans of a trace that has more."""
    return f"the trace is too large for one response; its first {spans} spans are shown"


def traces_of(request: TracesData, room: Room) -> list[Trace]:
    """Return the traces in *request*, without storing them, while there is *room*."""
    traces: dict[bytes, Trace] = {}
    for origin, spans in rows(request):
        for row in spans:
            trace = traces.setdefault(row.trace_id, Trace(row.trace_id, []))
            if not room.take(row.span.ByteSize()):
                trace.cut()
                return [trace for trace in traces.values() if trace.spans]
            trace.spans.append(StoredSpan.of(origin.resource, origin.service, row.span))
    return list(traces.values())
