"""A trace as the store reads it, and what Jaeger says about one before it shows it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, TracesData

from sightline.tracestore.go_values import time_text
from sightline.tracestore.rows import rows, service_name


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span, where it comes from, and what is odd about it."""

    origin: ResourceSpans
    """Resource and scope; the same object for all spans that share it."""
    span: Span
    warnings: list[str] = field(default_factory=list)

    @property
    def service(self) -> str:
        """Name of the service."""
        return service_name(self.origin.resource)

    @property
    def parent(self) -> bytes:
        """Id of the parent, empty for a root."""
        return self.span.parent_span_id if self.span.parent_span_id.strip(b"\0") else b""


@dataclass(frozen=True, slots=True)
class Trace:
    """Spans of one trace, in order of arrival."""

    trace_id: bytes
    spans: list[StoredSpan]

    def groups(self) -> Iterator[tuple[ResourceSpans, list[StoredSpan]]]:
        """Spans by origin, each by start."""
        grouped: dict[int, list[StoredSpan]] = defaultdict(list)
        for stored in self.spans:
            grouped[id(stored.origin)].append(stored)
        for group in grouped.values():
            group.sort(key=lambda stored: stored.span.start_time_unix_nano)
            yield group[0].origin, group


def repair(trace: Trace) -> Trace:
    """Give each span that ends before it starts, or at once, the end one nanosecond later.

    Source: Jaeger, internal/jptrace/sanitizer/negative_duration_santizer.go.
    """
    for stored in trace.spans:
        span = stored.span
        if span.end_time_unix_nano <= span.start_time_unix_nano:
            original, span.end_time_unix_nano = (
                span.end_time_unix_nano,
                min(span.start_time_unix_nano + 1, 2**64 - 1),
            )
            stored.warnings.append(
                "Negative duration detected, sanitizing end timestamp. "
                f"Original end timestamp: {time_text(original)}, "
                f"adjusted to: {time_text(span.end_time_unix_nano)}"
            )
    return trace


def traces_of(request: TracesData) -> list[Trace]:
    """The traces that *request* holds, as they would be read back."""
    traces: dict[bytes, Trace] = {}
    for origin, spans in rows(request):
        for row in spans:
            trace = traces.setdefault(row.trace_id, Trace(row.trace_id, []))
            trace.spans.append(StoredSpan(origin.resource, row.span))
    return list(traces.values())
