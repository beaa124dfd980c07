"""Traces read from the store."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, TracesData

from sightline.tracestore.storage.rows import rows, service_name


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """Span with its origin and the warnings about it."""

    origin: ResourceSpans
    """Resource and scope; one object for all spans that share them."""
    span: Span
    warnings: list[str] = field(default_factory=list)

    @property
    def service(self) -> str:
        """Service name."""
        return service_name(self.origin.resource)

    @property
    def parent(self) -> bytes:
        """Parent span id; empty for a root."""
        return self.span.parent_span_id if self.span.parent_span_id.strip(b"\0") else b""


@dataclass(frozen=True, slots=True)
class Trace:
    """Spans of one trace, in order of arrival."""

    trace_id: bytes
    spans: list[StoredSpan]

    def groups(self) -> Iterator[tuple[ResourceSpans, list[StoredSpan]]]:
        """Yield the spans of each origin, sorted by start."""
        grouped: dict[int, list[StoredSpan]] = defaultdict(list)
        for stored in self.spans:
            grouped[id(stored.origin)].append(stored)
        for group in grouped.values():
            group.sort(key=lambda stored: stored.span.start_time_unix_nano)
            yield group[0].origin, group


def traces_of(request: TracesData) -> list[Trace]:
    """Return the traces in *request*, without storing them."""
    traces: dict[bytes, Trace] = {}
    for origin, spans in rows(request):
        for row in spans:
            trace = traces.setdefault(row.trace_id, Trace(row.trace_id, []))
            trace.spans.append(StoredSpan(origin.resource, row.span))
    return list(traces.values())
