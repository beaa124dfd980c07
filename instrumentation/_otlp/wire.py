"""Subset of the protobuf wire format that OTLP spans use.

Source: protobuf.dev, "Encoding": tags, varints, length-delimited fields.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Field = int | bytes
"""Number, or bytes of a string or message."""

_SEVEN_BITS: Final = 0x7F
_CONTINUATION_BIT: Final = 0x80
_UINT64: Final = 0xFFFF_FFFF_FFFF_FFFF
_MIN_THREE_BYTES: Final = 0x4000
"""Smallest number of three bytes."""
_MAX_VARINT_BITS: Final = 70
"""Ten groups of seven bits, enough for any 64-bit number."""


def _varint(number: int) -> bytes:
    """Encode a number of at least 128."""
    if number < _MIN_THREE_BYTES:
        return bytes((number & _SEVEN_BITS | _CONTINUATION_BIT, number >> 7))
    groups = bytearray()
    while number > _SEVEN_BITS:
        groups.append(number & _SEVEN_BITS | _CONTINUATION_BIT)
        number >>= 7
    groups.append(number)
    return bytes(groups)


SMALL: Final = (
    *(bytes((number,)) for number in range(128)),
    *(bytes((number & _SEVEN_BITS | _CONTINUATION_BIT, number >> 7)) for number in range(128, 512)),
)
"""Varints by number; they cover most lengths, counts and status codes."""


def varint(number: int) -> bytes:
    """Encode a number as uint64, a negative one as two's complement like int64."""
    if 0 <= number < len(SMALL):
        return SMALL[number]
    return _varint(number & _UINT64)


def delimited(content: bytes) -> bytes:
    """Return *content* with its length as a prefix."""
    size = len(content)
    return (SMALL[size] if size < len(SMALL) else _varint(size)) + content


def fields(message: bytes) -> Iterator[tuple[int, Field]]:
    """Yield number and value of each field.

    Raises:
        ValueError: *message* is truncated or no protobuf.
    """
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        value, position = _read_value(message, position, tag & 7)
        yield tag >> 3, value


def _read_value(message: bytes, position: int, wire_type: int) -> tuple[Field, int]:
    match wire_type:
        case 0:
            return _read_varint(message, position)
        case 1:
            return _read_fixed(message, position, "<Q", 8)
        case 2:
            size, start = _read_varint(message, position)
            return _slice(message, start, size), start + size
        case 5:
            return _read_fixed(message, position, "<I", 4)
        case _:
            raise ValueError(f"wire type {wire_type}: expected 0, 1, 2 or 5")


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, _MAX_VARINT_BITS, 7):
        byte = _slice(message, position, 1)[0]
        position += 1
        number |= (byte & _SEVEN_BITS) << shift
        if byte < _CONTINUATION_BIT:
            return number & _UINT64, position
    raise ValueError("varint: expected at most ten bytes")


def _read_fixed(message: bytes, position: int, layout: str, size: int) -> tuple[int, int]:
    (number,) = struct.unpack(layout, _slice(message, position, size))
    return number, position + size


def _slice(message: bytes, position: int, size: int) -> bytes:
    end = position + size
    if end > len(message):
        raise ValueError(f"message ends at byte {len(message)}: expected at least {end}")
    return message[position:end]
