"""Adjustments that Jaeger makes to a trace before display: sorted attributes, warnings.

Source: Jaeger, `jaegerquery/internal/adjuster`, with `max_clock_skew_adjust` at its default 0:
clock skew causes a warning and no time is changed.
"""

from collections.abc import Iterator
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from sightline.tracestore.query.values import duration_text, time_text
from sightline.tracestore.storage.attributes import text
from sightline.tracestore.storage.rows import NO_SPAN
from sightline.tracestore.storage.trace import StoredSpan, Trace

_HOST: Final = ("host.id", "host.ip", "host.name")
"""Attributes that identify a host, in order of preference."""


def adjust(trace: Trace) -> Trace:
    """Sort the attributes of *trace* and add warnings about duplicate ids and clock skew."""
    for origin in {id(stored.origin): stored.origin for stored in trace.spans}.values():
        _sort(origin.resource, *(scoped.scope for scoped in origin.scope_spans))
    for stored in trace.spans:
        _sort(stored.span, *stored.span.events, *stored.span.links)
    _warn_of_clocks(trace)
    return trace


def repair(trace: Trace) -> Trace:
    """Move the end of each span without positive duration to one nanosecond after its start.

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


def _sort(*owners: Resource | InstrumentationScope | Span | Span.Event | Span.Link) -> None:
    for owner in owners:
        owner.attributes.sort(key=lambda attribute: attribute.key)


def _warn_of_clocks(trace: Trace) -> None:
    """Add warnings about clock skew between each span and its parent."""
    first: dict[bytes, StoredSpan] = {}
    for _, group in trace.groups():
        for stored in group:
            if stored.span.span_id in first:
                stored.warnings.append("duplicate span IDs; skipping clock skew adjustment")
            else:
                first[stored.span.span_id] = stored
    for stored, parent, delta in _deltas(first):
        if parent is None:
            stored.warnings.append(
                f"parent span ID={stored.parent.hex()} is not in the trace; "
                "skipping clock skew adjustment"
            )
        elif delta:
            stored.warnings.append(
                "clock skew adjustment disabled; "
                f"not applying calculated delta of {duration_text(delta)}"
            )


def _deltas(spans: dict[bytes, StoredSpan]) -> Iterator[tuple[StoredSpan, StoredSpan | None, int]]:
    """Yield children with their parent, if it exists, and the clock skew in nanoseconds.

    Spans of one host inherit the skew of the span through which the trace entered the host.
    Spans in a cycle descend from no root and are skipped.
    """
    children: dict[bytes, list[StoredSpan]] = {}
    for stored in spans.values():
        children.setdefault(stored.parent, []).append(stored)
    waiting = [(stored, 0) for stored in children.get(b"", ())]
    for parent_id in children.keys() - spans.keys() - {b""}:
        waiting += [(orphan, 0) for orphan in children[parent_id]]
        yield from ((orphan, None, 0) for orphan in children[parent_id])
    while waiting:
        parent, inherited = waiting.pop()
        # A span without id is no parent: it would find itself among the roots and never end.
        for child in children.get(parent.span.span_id or NO_SPAN, ()):
            same_host = _host(child) and _host(child) == _host(parent)
            delta = inherited if same_host else _skew(child.span, parent.span)
            yield child, parent, delta
            waiting.append((child, delta))


def _host(stored: StoredSpan) -> str:
    known = {attribute.key: attribute.value for attribute in stored.origin.resource.attributes}
    return next((text(known[key]) for key in _HOST if key in known), "")


def _skew(child: Span, parent: Span) -> int:
    """Return the nanoseconds that move *child* into the time range of *parent*."""
    late = child.start_time_unix_nano - parent.start_time_unix_nano
    slack = _duration(parent) - _duration(child)
    if slack < 0:
        return max(-late, 0)
    if 0 <= late <= slack:
        return 0
    return slack // 2 - late


def _duration(span: Span) -> int:
    return span.end_time_unix_nano - span.start_time_unix_nano
