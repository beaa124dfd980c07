"""Attribute values in OTLP. Values that OTLP or Jaeger cannot represent are dropped and counted.

Source: opentelemetry-proto, common/v1/common.proto.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from instrumentation._otlp.wire import delimited, varint

MAX_VALUE_BYTES: Final = 256 * 1024
"""Larger keys and values are dropped: a gRPC receiver accepts 4 MiB a request by default."""

MAX_DEPTH: Final = 16
"""Bound of nested lists and maps, because a list may contain itself."""

_INT64: Final = range(-(2**63), 2**63)
_DOUBLE: Final = struct.Struct("<Bd")

Encode = Callable[[Any, int], bytes]


class UnencodableError(ValueError):
    """A value that would break the request or a search in Jaeger."""


def encode_text(value: str) -> bytes:
    """Encode *value* as UTF-8 with backslash escapes for lone surrogates."""
    try:
        return str.encode(value)
    except UnicodeEncodeError:
        return str.encode(value, errors="backslashreplace")


def encode_bounded_text(value: object) -> bytes:
    """Encode *value* truncated to `MAX_VALUE_BYTES` characters; empty when it is no string."""
    if not isinstance(value, str):
        return b""
    return encode_text(str.__getitem__(value, slice(MAX_VALUE_BYTES)))


def encode_key_value(key: object, value: object, depth: int = 0) -> bytes:
    """Encode a ``KeyValue`` message.

    Raises:
        UnencodableError: The key is no string, or OTLP or Jaeger cannot represent the value.
    """
    if not isinstance(key, str):
        raise UnencodableError
    message = (
        b"\x0a" + delimited(encode_text(key)) + b"\x12" + delimited(encode_any_value(value, depth))
    )
    if len(message) > MAX_VALUE_BYTES:
        raise UnencodableError
    return message


def encode_any_value(value: object, depth: int = 0) -> bytes:
    """Encode an ``AnyValue`` message.

    Raises:
        UnencodableError: OTLP or Jaeger cannot represent the value.
    """
    encode = _BY_TYPE.get(type(value))
    if encode is None:
        encode = _encoder_by_base(value)
    return encode(value, depth)


def encode_attributes(tag: bytes, values: Mapping[str, Any] | None) -> tuple[list[bytes], int]:
    """Encode each attribute as a field with *tag*; also return the number of dropped ones."""
    encoded = []
    dropped = 0
    for key, value in (values or {}).items():
        try:
            encoded.append(tag + delimited(encode_key_value(key, value)))
        except UnencodableError:
            dropped += 1
    return encoded, dropped


def _null(_value: None, _depth: int) -> bytes:
    return b""


def _bool(value: bool, _depth: int) -> bytes:  # noqa: FBT001  the signature of `Encode`
    return b"\x10\x01" if value else b"\x10\x00"


def _string(value: str, _depth: int) -> bytes:
    return b"\x0a" + delimited(encode_text(value))


def _int(value: int, _depth: int) -> bytes:
    exact = int.__int__(value)  # a range compares a subclass with each of its numbers
    if exact not in _INT64:
        raise UnencodableError
    return b"\x18" + varint(exact)


def _float(value: float, _depth: int) -> bytes:
    """Encode a finite float. Jaeger answers 500 to a search that finds NaN or Infinity."""
    exact = float.__float__(value)
    if not math.isfinite(exact):
        raise UnencodableError
    return _DOUBLE.pack(0x21, exact)


def _bytes(value: bytes, _depth: int) -> bytes:
    return b"\x3a" + delimited(bytes.__bytes__(value))


def _array(value: Sequence[object], depth: int) -> bytes:
    depth = _next_depth(depth)
    items = [b"\x0a" + delimited(encode_any_value(item, depth)) for item in value]
    return b"\x2a" + delimited(b"".join(items))


def _map(value: Mapping[object, object], depth: int) -> bytes:
    depth = _next_depth(depth)
    items = [b"\x0a" + delimited(encode_key_value(key, item, depth)) for key, item in value.items()]
    return b"\x32" + delimited(b"".join(items))


def _next_depth(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise UnencodableError
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
"""Encoders in the SDK's order, because bool is a subclass of int."""

_BY_TYPE: Final[Mapping[type, Encode]] = MappingProxyType(
    {type(None): _null, tuple: _array, list: _array, dict: _map, **dict(_BY_BASE[:5])}
)


def _encoder_by_base(value: object) -> Encode:
    """Return the encoder of a subclass, such as an enum member, named tuple or custom mapping."""
    for base, encode in _BY_BASE:
        if isinstance(value, base):
            return encode
    raise UnencodableError
