"""Spans as OTLP protobuf, written straight to the wire.

The SDK builds protobuf objects first, which is where all its time goes. Decoded, both are equal
(tests/unit/export), but for values that OTLP or Jaeger cannot carry: those we leave out.

A span's private fields are read, as its own `to_json` does: the public properties are Python
functions, and those of lists copy them under a lock.

Source: opentelemetry-proto, trace/v1/trace.proto; field numbers stand in the tags.
"""
# ruff: noqa: SLF001  see above

import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol, cast

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceState,
)

from instrumentation._encode_values import (
    UncarriableError,
    attributes,
    bounded_text,
    key_value,
    text,
)
from instrumentation._encode_wire import SMALL, delimited, varint

_TIMES: Final = struct.Struct("<BQBQ").pack
_FIXED64: Final = struct.Struct("<BQ").pack
_IDS: Final = b"\x0a\x10%b\x12\x08%b"
_LOCAL_PARENT: Final = b"\x85\x01" + struct.pack("<I", 0x100)
_REMOTE_PARENT: Final = b"\x85\x01" + struct.pack("<I", 0x300)
_UNSET_STATUS: Final = b"\x7a\x00"
_NANOSECONDS: Final = range(2**64)

_MAX_CACHED: Final = 4096
_MAX_CACHED_BYTES: Final = 128
"""Longer fields are not worth keeping; together at most about 2 MB."""


class _Copied(Protocol):
    """What a span's attributes are, beside a mapping."""

    def copy(self) -> Mapping[str, Any]: ...


class SpanEncoder:
    """Encodes spans, and remembers the attributes that come again and again."""

    def __init__(self) -> None:
        # By exact type of the value: as keys of one dictionary, 1 and True would be the same.
        self._known: dict[tuple[str, Any], bytes] = {}
        self._known_ints: dict[tuple[str, Any], bytes] = {}
        self._names: dict[tuple[str, int], bytes] = {}

    def encode(self, span: ReadableSpan) -> bytes:
        """A ``Span`` message."""
        context = cast("SpanContext", span._context)
        parent = span._parent
        fields = self._attributes(span)
        name = span._name if isinstance(span._name, str) else ""  # type: ignore[redundant-expr]  # users may lie
        # By id: an enumeration's own hash is a Python function.
        fields.append(self._names.get((name, id(span._kind))) or self._name(name, span._kind))
        fields.append(_times(span._start_time, span._end_time))
        ids = (context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big"))
        fields.append(_IDS % ids)
        state = context.trace_state
        if state is not DEFAULT_TRACE_STATE and state:
            fields.append(b"\x1a" + delimited(_trace_state(state)))
        if parent is None:
            fields.append(_LOCAL_PARENT)
        else:
            fields.append(b"\x22\x08" + parent.span_id.to_bytes(8, "big"))
            fields.append(_REMOTE_PARENT if parent.is_remote else _LOCAL_PARENT)
        if span._events or span.dropped_events:
            fields += _events(span)
        if span._links or span.dropped_links:
            fields += _links(span)
        fields.append(_status(span._status))
        return b"".join(fields)

    def _attributes(self, span: ReadableSpan) -> list[bytes]:
        """Fields of the attributes, and of how many were dropped."""
        # A copy is a dictionary: walking the SDK's own mapping takes ten times as long.
        values = cast("_Copied", span._attributes).copy() if span._attributes is not None else {}
        remembered, attribute = self._known.get, self._attribute
        dropped = span.dropped_attributes
        try:
            fields = [remembered(item) or attribute(item) for item in values.items()]
        except (TypeError, UncarriableError):  # a list, which cannot be looked up, or worse
            fields, left_out = attributes(b"\x4a", values)
            dropped += left_out
        if dropped:
            fields.append(b"\x50" + varint(dropped))
        return fields

    def _attribute(self, item: tuple[str, Any]) -> bytes:
        kind = type(item[1])
        if kind is int and (known := self._known_ints.get(item)):
            return known
        field = b"\x4a" + delimited(key_value(*item))
        if kind is str:
            _remember(self._known, item, field)
        elif kind is int:
            _remember(self._known_ints, item, field)
        return field

    def _name(self, name: str, kind: SpanKind) -> bytes:
        number = kind.value + 1 if isinstance(kind, SpanKind) else 0  # type: ignore[redundant-expr]  # the caller may lie
        field = b"\x2a" + delimited(bounded_text(name)) + b"\x30" + SMALL[number]
        if number:
            _remember(self._names, (name, id(kind)), field)
        return field


def _remember(known: dict[tuple[str, Any], bytes], key: tuple[str, Any], field: bytes) -> None:
    if len(field) <= _MAX_CACHED_BYTES:
        if len(known) >= _MAX_CACHED:
            known.clear()
        known[key] = field


def _times(start: int | None, end: int | None) -> bytes:
    try:
        return _TIMES(0x39, start, 0x41, end)
    except struct.error:
        return _TIMES(0x39, _instant(start), 0x41, _instant(end))


def _instant(nanoseconds: object) -> int:
    """Nanoseconds since 1970, or 0 for what no clock says."""
    known = isinstance(nanoseconds, int) and nanoseconds in _NANOSECONDS
    return int(cast("int", nanoseconds)) if known else 0


def _trace_state(state: TraceState) -> bytes:
    return text(",".join(f"{key}={value}" for key, value in state.items()))


def _events(span: ReadableSpan) -> Iterator[bytes]:
    for event in span.events:
        yield b"\x5a" + delimited(_event(event))
    if dropped := span.dropped_events:
        yield b"\x60" + varint(dropped)


def _links(span: ReadableSpan) -> Iterator[bytes]:
    for link in span.links:
        yield b"\x6a" + delimited(_link(link))
    if dropped := span.dropped_links:
        yield b"\x70" + varint(dropped)


def _event(event: Event) -> bytes:
    values, left_out = attributes(b"\x1a", event.attributes)
    parts = [
        _FIXED64(0x09, _instant(event.timestamp)),
        b"\x12" + delimited(bounded_text(event.name)),
        *values,
    ]
    if dropped := event.dropped_attributes + left_out:
        parts.append(b"\x20" + varint(dropped))
    return b"".join(parts)


def _link(link: Link) -> bytes:
    context = link.context
    values, left_out = attributes(b"\x22", link.attributes)
    parts = [
        b"\x0a\x10" + context.trace_id.to_bytes(16, "big"),
        b"\x12\x08" + context.span_id.to_bytes(8, "big"),
        *values,
    ]
    if dropped := link.dropped_attributes + left_out:
        parts.append(b"\x28" + varint(dropped))
    parts.append(b"\x35" + struct.pack("<I", 0x300 if context.is_remote else 0x100))
    return b"".join(parts)


def _status(status: Status | None) -> bytes:
    if status is None:
        return b""
    if status.status_code is StatusCode.UNSET and not status.description:
        return _UNSET_STATUS
    message = b"\x12" + delimited(bounded_text(status.description))
    return b"\x7a" + delimited(message + b"\x18" + SMALL[status.status_code.value])
