"""Adjustments that Jaeger makes to a trace before display: sorted attributes, warnings.

Source: Jaeger, `jaegerquery/internal/adjuster`, with `max_clock_skew_adjust` at its default 0:
clock skew causes a warning and no time is changed.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from instrumentation.conventions import Attribute
from sightline.tracestore.query.values import duration_text, time_text
from sightline.tracestore.storage.attributes import count, text
from sightline.tracestore.storage.room import MAX_ATTRIBUTES
from sightline.tracestore.storage.rows import NO_SPAN
from sightline.tracestore.storage.trace import StoredSpan, Trace

_HOST: Final = ("host.id", "host.ip", Attribute.HOST_NAME)
"""Attributes that identify a host, in order of preference."""


_SMALLEST_ATTRIBUTE_BYTES: Final = 2
_TOO_MANY: Final = (
    f"the span has more than {MAX_ATTRIBUTES} attributes, events and links; they are not shown"
)

Show = Callable[[StoredSpan], Span]
"""Decodes a span as it is shown."""


def prepare(trace: Trace, *, raw: bool) -> tuple[Trace, Show]:
    """Return *trace* repaired and, unless *raw*, adjusted, with the function for its spans."""
    repair(trace)
    return (trace, repaired) if raw else (adjust(trace), adjusted)


def adjust(trace: Trace) -> Trace:
    """Add warnings about duplicate ids and clock skew to *trace*, and sort resource attributes."""
    for origin in _origins(trace.spans).values():
        _sort(origin.resource, *(scoped.scope for scoped in origin.scope_spans))
    _warn_of_clocks(trace)
    return trace


def adjusted(stored: StoredSpan) -> Span:
    """Return a span of an adjusted trace, with sorted attributes."""
    span = repaired(stored)
    _sort(span, *span.events, *span.links)
    return span


def repair(trace: Trace) -> Trace:
    """Give each span a positive duration, and a warning if it had none.

    Source: Jaeger, internal/jptrace/sanitizer/negative_duration_santizer.go: the end moves to one
    nanosecond after the start.
    """
    for stored in trace.spans:
        if stored.end <= stored.start:
            original, stored.end = stored.end, min(stored.start + 1, 2**64 - 1)
            stored.warnings.append(
                "Negative duration detected, sanitizing end timestamp. "
                f"Original end timestamp: {time_text(original)}, "
                f"adjusted to: {time_text(stored.end)}"
            )
    return trace


def repaired(stored: StoredSpan) -> Span:
    """Return a span of a repaired trace."""
    span = limited(stored)
    _set_status(span)
    span.end_time_unix_nano = stored.end
    return span


def limited(stored: StoredSpan) -> Span:
    """Return a span without its attributes, events and links, if there are too many."""
    span = stored.span
    if len(stored.body) > _SMALLEST_ATTRIBUTE_BYTES * MAX_ATTRIBUTES and _is_too_large(span):
        stored.warnings.append(_TOO_MANY)
        for field in ("attributes", "events", "links"):
            span.ClearField(field)
    return span


def _is_too_large(span: Span) -> bool:
    owners: Iterable[Span | Span.Event | Span.Link] = (span, *span.events, *span.links)
    return sum(1 + count(owner.attributes) for owner in owners) > MAX_ATTRIBUTES


def _set_status(span: Span) -> None:
    """Turn the attribute `error: true`, which OpenTracing used, into a status.

    Source: Jaeger, `tracetranslator`, setInternalSpanStatus.
    """
    if span.status.code == Status.STATUS_CODE_UNSET:
        others = [p for p in span.attributes if not (p.key == "error" and p.value.bool_value)]
        if len(others) < len(span.attributes):
            del span.attributes[:]
            span.attributes.extend(others)
            span.status.code = Status.STATUS_CODE_ERROR


def _origins(spans: Iterable[StoredSpan]) -> dict[int, ResourceSpans]:
    """Return each origin once, by its identity."""
    return {id(stored.origin): stored.origin for stored in spans}


def _sort(*owners: Resource | InstrumentationScope | Span | Span.Event | Span.Link) -> None:
    for owner in owners:
        owner.attributes.sort(key=lambda attribute: attribute.key)


def _warn_of_clocks(trace: Trace) -> None:
    """Add warnings about clock skew between each span and its parent."""
    first: dict[bytes, StoredSpan] = {}
    for _, group in trace.groups():
        for stored in group:
            if stored.span_id in first:
                stored.warnings.append("duplicate span IDs; skipping clock skew adjustment")
            else:
                first[stored.span_id] = stored
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
    hosts = {number: _host(origin) for number, origin in _origins(spans.values()).items()}
    waiting = [(stored, 0) for stored in children.get(b"", ())]
    for parent_id in children.keys() - spans.keys() - {b""}:
        waiting += [(orphan, 0) for orphan in children[parent_id]]
        yield from ((orphan, None, 0) for orphan in children[parent_id])
    while waiting:
        parent, inherited = waiting.pop()
        # A span without id is no parent: it would find itself among the roots and never end.
        for child in children.get(parent.span_id or NO_SPAN, ()):
            host = hosts[id(child.origin)]
            same_host = host and host == hosts[id(parent.origin)]
            delta = inherited if same_host else _skew(child, parent)
            yield child, parent, delta
            waiting.append((child, delta))


def _host(origin: ResourceSpans) -> str:
    known = {attribute.key: attribute.value for attribute in origin.resource.attributes}
    return next((text(known[key]) for key in _HOST if key in known), "")


def _skew(child: StoredSpan, parent: StoredSpan) -> int:
    """Return the nanoseconds that move *child* into the time range of *parent*."""
    late = child.start - parent.start
    slack = (parent.end - parent.start) - (child.end - child.start)
    if slack < 0:
        return max(-late, 0)
    if 0 <= late <= slack:
        return 0
    return slack // 2 - late
