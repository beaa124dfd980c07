"""Encoder of spans as OTLP protobuf, without message objects.

The SDK's encoder spends its time on building protobuf objects. The decoded result is equal
(tests/unit/export), except for values that OTLP or Jaeger cannot represent, which are dropped.

The encoder reads fields of spans through `_spans.sdk_access`: the public properties are Python
functions, and those of lists copy the list under a lock.

Source: opentelemetry-proto, trace/v1/trace.proto; field numbers stand in the tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

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
from instrumentation._spans.sdk_access import copy_attributes, has_items, read_fields
from instrumentation._spans.span import RequestSpan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import ReadableSpan

_MAX_CACHED: Final = 4096
_MAX_CACHED_BYTES: Final = 128
"""Longer fields are not cached. The cache is bounded to about 2 MB."""


class SpanEncoder:
    """Encoder of spans that caches repeated attributes and names."""

    def __init__(self) -> None:
        # One cache per type, because 1 and True are equal as dictionary keys.
        self._cached_fields: dict[tuple[str, Any], bytes] = {}
        self._cached_int_fields: dict[tuple[str, Any], bytes] = {}
        self._cached_names: dict[tuple[str, int], bytes] = {}

    def encode(self, span: ReadableSpan) -> bytes:
        """Return *span* as a ``Span`` message."""
        if type(span) is RequestSpan and span.encoded_name_and_status:
            context, start, end, parent = span.head
            fields = [group.fields for group in span.groups]
            fields += (
                encode_ids_and_times(context, start, end),
                encode_parent(parent),
                span.encoded_name_and_status,
            )
            return b"".join(fields)
        context, start, end, parent, name, kind, status, events, links = read_fields(span)
        fields = [
            encode_ids_and_times(context, start, end),
            encode_parent(parent),
            *(self._groups(span) if type(span) is RequestSpan else self._attributes(span)),
            self._name_and_kind(name, kind),
            encode_status(status),
        ]
        if has_items(events) or span.dropped_events:
            fields += encode_events(span)
        if has_items(links) or span.dropped_links:
            fields += encode_links(span)
        return b"".join(fields)

    def _groups(self, span: RequestSpan) -> list[bytes]:
        """Return the fields of the attributes; those of groups are encoded already."""
        user_attributes, groups = span.user_attributes or {}, span.groups
        if any(not user_attributes.keys().isdisjoint(group.attributes) for group in groups):
            return self._attributes(span)
        return [group.fields for group in groups] + self._fields(
            user_attributes, span.dropped_attributes
        )

    def _attributes(self, span: ReadableSpan) -> list[bytes]:
        """Return the fields of the attributes and of the number of dropped ones."""
        return self._fields(copy_attributes(span), span.dropped_attributes)

    def _fields(self, values: Mapping[str, Any], dropped: int) -> list[bytes]:
        cached, attribute = self._cached_fields.get, self._attribute
        try:
            fields = [cached(item) or attribute(item) for item in values.items()]
        except (TypeError, UnencodableError):  # an unhashable value, or one that cannot be encoded
            fields, left_out = encode_attributes(SPAN_ATTRIBUTES, values)
            dropped += left_out
        if dropped:
            fields.append(b"\x50" + varint(dropped))
        return fields

    def _attribute(self, item: tuple[str, Any]) -> bytes:
        kind = type(item[1])
        if kind is int and (known := self._cached_int_fields.get(item)):
            return known
        field = SPAN_ATTRIBUTES + delimited(encode_key_value(*item))
        if kind is str:
            _cache(self._cached_fields, item, field)
        elif kind is int:
            _cache(self._cached_int_fields, item, field)
        return field

    def _name_and_kind(self, name: str, kind: SpanKind) -> bytes:
        if type(name) is not str or not isinstance(kind, SpanKind):  # callers may ignore the types
            return encode_name_and_kind(name, kind)
        # Keyed by id, because the hash of an enum member is a Python function.
        key = (name, id(kind))
        known = self._cached_names.get(key)
        if known is None:
            known = encode_name_and_kind(name, kind)
            _cache(self._cached_names, key, known)
        return known


def _cache(known: dict[tuple[str, Any], bytes], key: tuple[str, Any], field: bytes) -> None:
    if len(field) <= _MAX_CACHED_BYTES:
        if len(known) >= _MAX_CACHED:
            known.clear()
        known[key] = field
