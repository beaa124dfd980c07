"""Attribute values as OTLP carries them; what it or Jaeger cannot carry is left out, and counted.

Source: opentelemetry-proto, common/v1/common.proto.
"""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from instrumentation._otlp.wire import delimited, varint

MAX_VALUE_BYTES: Final = 256 * 1024
"""A larger key or value is left out: the default bound of a gRPC receiver is 4 MiB a request."""

MAX_DEPTH: Final = 16
"""Of lists and maps within each other; a list that holds itself has no end."""

_INT64: Final = range(-(2**63), 2**63)
_DOUBLE: Final = struct.Struct("<Bd")

Encode = Callable[[Any, int], bytes]


class UncarriableError(ValueError):
    """A value that would break the request, or every search of Jaeger that meets it."""


def text(value: str) -> bytes:
    """UTF-8; half a surrogate pair, which UTF-8 forbids, is written out by its number."""
    try:
        return str.encode(value)
    except UnicodeEncodeError:
        return str.encode(value, errors="backslashreplace")


def bounded_text(value: object) -> bytes:
    """As `text`, cut at the bound; empty for what is no string."""
    if not isinstance(value, str):
        return b""
    return text(str.__getitem__(value, slice(MAX_VALUE_BYTES)))


def key_value(key: object, value: object, depth: int = 0) -> bytes:
    """A ``KeyValue`` message.

    Raises:
        UncarriableError: The key is no string, or the value none that OTLP and Jaeger can carry.
    """
    if not isinstance(key, str):
        raise UncarriableError
    message = b"\x0a" + delimited(text(key)) + b"\x12" + delimited(any_value(value, depth))
    if len(message) > MAX_VALUE_BYTES:
        raise UncarriableError
    return message


def any_value(value: object, depth: int = 0) -> bytes:
    """An ``AnyValue`` message.

    Raises:
        UncarriableError: As for `key_value`.
    """
    encode = _BY_TYPE.get(type(value))
    if encode is None:
        encode = _by_base(value)
    return encode(value, depth)


def attributes(tag: bytes, values: Mapping[str, Any] | None) -> tuple[list[bytes], int]:
    """Each attribute as field *tag*, and how many had to be left out."""
    encoded = []
    left_out = 0
    for key, value in (values or {}).items():
        try:
            encoded.append(tag + delimited(key_value(key, value)))
        except UncarriableError:
            left_out += 1
    return encoded, left_out


def _null(_value: None, _depth: int) -> bytes:
    return b""


def _bool(value: bool, _depth: int) -> bytes:  # noqa: FBT001  called by type, like its siblings
    return b"\x10\x01" if value else b"\x10\x00"


def _string(value: str, _depth: int) -> bytes:
    return b"\x0a" + delimited(text(value))


def _int(value: int, _depth: int) -> bytes:
    exact = int.__int__(value)  # the range compares a subclass with each of its numbers
    if exact not in _INT64:
        raise UncarriableError
    return b"\x18" + varint(exact)


def _float(value: float, _depth: int) -> bytes:
    """NaN and Infinity pass OTLP, but Jaeger answers 500 to a search that meets them."""
    exact = float.__float__(value)
    if not math.isfinite(exact):
        raise UncarriableError
    return _DOUBLE.pack(0x21, exact)


def _bytes(value: bytes, _depth: int) -> bytes:
    return b"\x3a" + delimited(bytes.__bytes__(value))


def _array(value: Sequence[object], depth: int) -> bytes:
    depth = _deeper(depth)
    items = [b"\x0a" + delimited(any_value(item, depth)) for item in value]
    return b"\x2a" + delimited(b"".join(items))


def _map(value: Mapping[object, object], depth: int) -> bytes:
    depth = _deeper(depth)
    items = [b"\x0a" + delimited(key_value(key, item, depth)) for key, item in value.items()]
    return b"\x32" + delimited(b"".join(items))


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise UncarriableError
    return depth + 1


_BY_BASE: Final[tuple[tuple[type, Encode], ...]] = (
    (bool, _bool),
    (str, _string),
    (int, _int),
    (float, _float),
    (bytes, _bytes),
    (Sequence, _array),
    (Mapping, _map),
)
"""In the order in which the SDK asks: a bool is an int, too."""

_BY_TYPE: Final[Mapping[type, Encode]] = MappingProxyType(
    {type(None): _null, tuple: _array, list: _array, dict: _map, **dict(_BY_BASE[:5])}
)


def _by_base(value: object) -> Encode:
    """For subclasses: an enumeration's member, a named tuple, a custom mapping."""
    for base, encode in _BY_BASE:
        if isinstance(value, base):
            return encode
    raise UncarriableError
