"""Spans as OTLP protobuf, written straight to the wire.

The SDK builds protobuf objects first, which is where all its time goes. Decoded, both are equal
(tests/unit/export), but for values that OTLP or Jaeger cannot carry: those we leave out.

A span's private fields are read, as its own `to_json` does: the public properties are Python
functions, and those of lists copy them under a lock.

Source: opentelemetry-proto, trace/v1/trace.proto; field numbers stand in the tags.
"""
# ruff: noqa: SLF001  see above

from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind

from instrumentation._otlp.attribute_group import SPAN_ATTRIBUTES
from instrumentation._otlp.fields import (
    encode_events,
    encode_ids_and_times,
    encode_links,
    encode_name_and_kind,
    encode_parent,
    encode_status,
)
from instrumentation._otlp.values import UnencodableError, encode_attributes, encode_key_value
from instrumentation._otlp.wire import delimited, varint
from instrumentation._spans.span import RequestSpan

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
        self._titles: dict[tuple[str, int], bytes] = {}

    def encode(self, span: ReadableSpan) -> bytes:
        """A ``Span`` message."""
        context = cast("SpanContext", span._context)
        head = (
            encode_ids_and_times(context, span._start_time, span._end_time),
            encode_parent(span._parent),
        )
        if type(span) is not RequestSpan:
            values = self._attributes(span)
        elif span.encoded_name_and_status:
            return b"".join(
                [*head, *[group.fields for group in span.groups], span.encoded_name_and_status]
            )
        else:
            values = self._groups(span)
        fields = [*head, *values, self._title(span._name, span._kind), encode_status(span._status)]
        # The SDK's own lists take a lock to say whether they are empty; the deque in them does not.
        if getattr(span._events, "_dq", span._events) or span.dropped_events:
            fields += encode_events(span)
        if getattr(span._links, "_dq", span._links) or span.dropped_links:
            fields += encode_links(span)
        return b"".join(fields)

    def _groups(self, span: RequestSpan) -> list[bytes]:
        """As `_spans.attributes`; those that come in groups are encoded already."""
        user_attributes, groups = span.user_attributes or {}, span.groups
        if any(not user_attributes.keys().isdisjoint(group.attributes) for group in groups):
            return self._attributes(span)
        return [group.fields for group in groups] + self._fields(
            user_attributes, span.dropped_attributes
        )

    def _attributes(self, span: ReadableSpan) -> list[bytes]:
        """Fields of the attributes, and of how many were dropped."""
        # A copy is a dictionary: walking the SDK's own mapping takes ten times as long.
        values = cast("_Copied", span._attributes).copy() if span._attributes is not None else {}
        return self._fields(values, span.dropped_attributes)

    def _fields(self, values: Mapping[str, Any], dropped: int) -> list[bytes]:
        remembered, attribute = self._known.get, self._attribute
        try:
            fields = [remembered(item) or attribute(item) for item in values.items()]
        except (TypeError, UnencodableError):  # a list, which cannot be looked up, or worse
            fields, left_out = encode_attributes(SPAN_ATTRIBUTES, values)
            dropped += left_out
        if dropped:
            fields.append(b"\x50" + varint(dropped))
        return fields

    def _attribute(self, item: tuple[str, Any]) -> bytes:
        kind = type(item[1])
        if kind is int and (known := self._known_ints.get(item)):
            return known
        field = SPAN_ATTRIBUTES + delimited(encode_key_value(*item))
        if kind is str:
            _remember(self._known, item, field)
        elif kind is int:
            _remember(self._known_ints, item, field)
        return field

    def _title(self, name: str, kind: SpanKind) -> bytes:
        if type(name) is not str or not isinstance(kind, SpanKind):  # the caller may lie
            return encode_name_and_kind(name, kind)
        # By id: an enumeration's own hash is a Python function.
        key = (name, id(kind))
        known = self._titles.get(key)
        if known is None:
            known = encode_name_and_kind(name, kind)
            _remember(self._titles, key, known)
        return known


def _remember(known: dict[tuple[str, Any], bytes], key: tuple[str, Any], field: bytes) -> None:
    if len(field) <= _MAX_CACHED_BYTES:
        if len(known) >= _MAX_CACHED:
            known.clear()
        known[key] = field
