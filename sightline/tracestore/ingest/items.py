"""Limit of the items in a request, checked before the request is decoded.

A decoded item takes up to a hundred times the memory of its encoding: two bytes are an empty span.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.ingest.errors import TooManyItems

MAX_ITEMS: Final = 250_000
"""Spans, events, links, attributes, and members of arrays and maps in one request.

Exporters send up to 8,192 spans, which may then have 29 attributes each.
"""

MAX_FIELDS: Final = 6 * MAX_ITEMS
"""Fields of all messages: an attribute has four, with itself; a span about ten. Each one takes
time, also if the decoder skips it."""

MAX_JSON_TOKENS: Final = 2 * MAX_ITEMS
"""Commas and opening brackets: an attribute in OTLP/JSON has four, a span about fifteen."""

_SMALLEST_ITEM_BYTES: Final = 2
_STRING_OR_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{,]', re.DOTALL)

_QUOTE: Final = ord('"')

_LENGTH_DELIMITED: Final = 2
_VARINT: Final = 0
_FIXED_BYTES: Final = {1: 8, 5: 4}
_GROUP: Final = {3: 1, 4: -1}
"""Start and end of a group."""
_WIRE_TYPES: Final = range(6)
_SEVEN_BITS: Final = 0x7F
_LONGEST_VARINT_BYTES: Final = 10
_MAX_DEPTH: Final = 100
"""Source: protobuf's decoder, which rejects deeper messages."""


class _Malformed(Exception):
    """The body is not protobuf."""


class _Field(NamedTuple):
    """Field that is a message, or repeated."""

    fields: "Mapping[int, _Field]"
    """Fields of that message by number."""
    repeated: bool


def check_protobuf(body: bytes) -> None:
    """Check the number of items in an encoded `ExportTraceServiceRequest`.

    A malformed body passes, because the decoder reports it.

    Raises:
        TooManyItems: It has more than `MAX_ITEMS`, or more than `MAX_FIELDS`.
    """
    if len(body) > _SMALLEST_ITEM_BYTES * MAX_ITEMS:
        with suppress(IndexError, _Malformed):
            _Counter(body).count(0, len(body), _REQUEST, 0)


def check_json(body: bytes) -> None:
    """Check the number of items in OTLP/JSON.

    Raises:
        TooManyItems: It has more than `MAX_JSON_TOKENS`.
    """
    tokens = body.count(b",") + body.count(b"{") + body.count(b"[")
    if tokens > MAX_JSON_TOKENS and _json_tokens(body) > MAX_JSON_TOKENS:
        raise _too_many()


def _json_tokens(body: bytes) -> int:
    """Return the number of commas and opening brackets outside of strings, up to the limit."""
    tokens = strings = 0
    for found in _STRING_OR_TOKEN.finditer(body):
        if body[found.start()] == _QUOTE:
            strings += 1
        else:
            tokens += 1
        # Each token is followed by at most a key and a value.
        if tokens > MAX_JSON_TOKENS or strings > 2 * MAX_JSON_TOKENS + 1:
            break
    return tokens


class _Counter:
    """Counter of the fields and items in one body."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._items = 0
        self._fields = 0

    def count(self, position: int, end: int, fields: Mapping[int, _Field], depth: int) -> None:
        """Count the items of the message from *position* to *end*.

        Raises:
            TooManyItems: The body has more than `MAX_ITEMS`, or more than `MAX_FIELDS`.
            _Malformed: The decoder will reject the body.
        """
        body, groups = self._body, 0
        while position < end:
            self._count_field()
            tag, position = _varint(body, position)
            wire_type = tag & 7
            if wire_type == _VARINT:
                _, position = _varint(body, position)
            elif wire_type == _LENGTH_DELIMITED:
                length, position = _varint(body, position)
                if (field := fields.get(tag >> 3)) and depth < _MAX_DEPTH:
                    self._enter(field, position, min(position + length, end), depth)
                position += length
            elif wire_type in _FIXED_BYTES:
                position += _FIXED_BYTES[wire_type]
            elif wire_type in _GROUP:
                # The marks of a group have no length: its members count as members of the message.
                groups += _GROUP[wire_type]
            if wire_type not in _WIRE_TYPES or not tag >> 3 or not 0 <= groups <= _MAX_DEPTH:
                raise _Malformed

    def _count_field(self) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise _too_many()

    def _enter(self, field: _Field, position: int, end: int, depth: int) -> None:
        self._items += field.repeated
        if self._items > MAX_ITEMS:
            raise _too_many()
        if field.fields:
            self.count(position, end, field.fields, depth + 1)


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """Return the number at *position* and the position behind it.

    Raises:
        IndexError: The body ends in the number.
        _Malformed: It is longer than a number may be.
    """
    number = body[position]
    if number <= _SEVEN_BITS:
        return number, position + 1
    number &= _SEVEN_BITS
    for length in range(1, _LONGEST_VARINT_BYTES):
        byte = body[position + length]
        number |= (byte & _SEVEN_BITS) << 7 * length
        if byte <= _SEVEN_BITS:
            return number, position + length + 1
    raise _Malformed


def _too_many() -> TooManyItems:
    return TooManyItems(
        f"the request has more than {MAX_ITEMS} spans, events, links, attributes and values; "
        "send smaller batches"
    )


def _fields(message: Descriptor, known: dict[str, dict[int, _Field]]) -> Mapping[int, _Field]:
    """Return the fields of *message* that have members; *known* has the messages seen so far."""
    if message.full_name not in known:
        fields = known[message.full_name] = {}
        for field in message.fields:
            if field.message_type:
                members = _fields(field.message_type, known)
                fields[field.number] = _Field(members, repeated=field.is_repeated)
            elif field.is_repeated:
                fields[field.number] = _Field({}, repeated=True)
    return known[message.full_name]


_REQUEST: Final = _fields(TracesData.DESCRIPTOR, {})
