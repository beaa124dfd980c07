"""Fields of a ``Span`` message other than its attributes.

Source: opentelemetry-proto, trace/v1/trace.proto. Each tag contains its field number.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceState,
)

from instrumentation._otlp.values import encode_attributes, encode_bounded_text, encode_text
from instrumentation._otlp.wire import SMALL, delimited, varint
from instrumentation._support.opentelemetry_access import read_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import Event, ReadableSpan

_IDS_AND_TIMES: Final = struct.Struct("<2s16s2s8sBQBQ").pack
_FIXED64: Final = struct.Struct("<BQ").pack
_LOCAL: Final = struct.pack("<I", 0x100)
_REMOTE: Final = struct.pack("<I", 0x300)
"""Flags of a span or link. Source: trace.proto, ``SpanFlags``, "has is_remote" and "is_remote"."""

_LOCAL_PARENT: Final = b"\x85\x01" + _LOCAL
_REMOTE_PARENT: Final = b"\x85\x01" + _REMOTE

_UNSET_STATUS: Final = b"\x7a\x00"
_NANOSECONDS: Final = range(2**64)


def encode_ids_and_times(context: SpanContext, start: int | None, end: int | None) -> bytes:
    """Encode ids, timestamps and trace state."""
    trace_id, span_id, _, _, state, _ = context
    ids = (trace_id.to_bytes(16, "big"), span_id.to_bytes(8, "big"))
    try:
        fields = _IDS_AND_TIMES(b"\x0a\x10", ids[0], b"\x12\x08", ids[1], 0x39, start, 0x41, end)
    except struct.error:
        return encode_ids_and_times(context, timestamp_or_zero(start), timestamp_or_zero(end))
    return fields if state is DEFAULT_TRACE_STATE else fields + _trace_state(state)


def _trace_state(state: TraceState) -> bytes:
    members = ",".join(f"{key}={value}" for key, value in state.items())
    return b"\x1a" + delimited(encode_text(members)) if members else b""


def timestamp_or_zero(nanoseconds: object) -> int:
    """Return *nanoseconds* since 1970, or 0 when it is no valid timestamp."""
    exact = int.__int__(nanoseconds) if isinstance(nanoseconds, int) else 0
    return exact if exact in _NANOSECONDS else 0


def encode_parent(parent: SpanContext | None) -> bytes:
    """Encode the parent and the flags."""
    if parent is None:
        return _LOCAL_PARENT
    flags = _REMOTE_PARENT if parent.is_remote else _LOCAL_PARENT
    return b"\x22\x08" + parent.span_id.to_bytes(8, "big") + flags


def encode_name_and_kind(name: str, kind: SpanKind) -> bytes:
    """Encode fields 5 and 6 of a span; OTLP numbers the kinds from 1."""
    number = kind.value + 1 if isinstance(kind, SpanKind) else 0  # type: ignore[redundant-expr]  # callers may ignore the type
    return b"\x2a" + delimited(encode_bounded_text(name)) + b"\x30" + SMALL[number]


def encode_status(status: Status | None) -> bytes:
    """Encode field 15 of a span; nothing without a status."""
    if status is None:
        return b""
    code, description = read_status(status)
    if code is StatusCode.UNSET and not description:
        return _UNSET_STATUS
    message = b"\x12" + delimited(encode_bounded_text(description))
    return b"\x7a" + delimited(message + b"\x18" + SMALL[code.value])


def encode_events(span: ReadableSpan) -> Iterator[bytes]:
    """Yield the encoded events and the number of dropped ones."""
    for event in span.events:
        yield b"\x5a" + delimited(_encode_event(event))
    if dropped := span.dropped_events:
        yield b"\x60" + varint(dropped)


def encode_links(span: ReadableSpan) -> Iterator[bytes]:
    """Yield the encoded links and the number of dropped ones."""
    for link in span.links:
        yield b"\x6a" + delimited(_encode_link(link))
    if dropped := span.dropped_links:
        yield b"\x70" + varint(dropped)


def _encode_event(event: Event) -> bytes:
    values, left_out = encode_attributes(b"\x1a", event.attributes)
    parts = [
        _FIXED64(0x09, timestamp_or_zero(event.timestamp)),
        b"\x12" + delimited(encode_bounded_text(event.name)),
        *values,
    ]
    if dropped := event.dropped_attributes + left_out:
        parts.append(b"\x20" + varint(dropped))
    return b"".join(parts)


def _encode_link(link: Link) -> bytes:
    context = link.context
    values, left_out = encode_attributes(b"\x22", link.attributes)
    parts = [
        b"\x0a\x10" + context.trace_id.to_bytes(16, "big"),
        b"\x12\x08" + context.span_id.to_bytes(8, "big"),
        *values,
    ]
    if dropped := link.dropped_attributes + left_out:
        parts.append(b"\x28" + varint(dropped))
    parts.append(b"\x35" + (_REMOTE if context.is_remote else _LOCAL))
    return b"".join(parts)
