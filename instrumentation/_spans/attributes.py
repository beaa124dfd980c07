"""Attribute values that a user hands in, made safe to keep, to encode and to index."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from json.encoder import encode_basestring
from typing import Final, cast

from opentelemetry.util.types import AnyValue

from instrumentation._support.guard import described

LARGEST_COLLECTION = 1024
"""Items of a sequence or mapping that are kept; the rest would fill the exporter's memory."""

DEEPEST = 8
"""Levels of nesting that are kept: a list may contain itself."""

MOST_BYTES: Final = 49_152
"""Bytes of a value that are kept: three for each character of the default limit.

Jaeger with Badger indexes service name, key and value together and refuses the whole request when
they are longer than 64,975 bytes. Bytes are indexed as hexadecimal digits, arrays and maps as JSON.
"""

LONGEST_KEY: Final = 1024
"""Characters of a key that are kept, and of the service's name."""

_NUMBER_BYTES: Final = 25
"""Longest number in JSON, with a comma."""

_EXACT: Final = frozenset({bool, int, float, type(None)})
"""Types, not their subclasses, whose values are kept as they are."""


def cleaned(value: object, longest: int | None, depth: int = 0) -> AnyValue:
    """Return *value* as OTLP can carry it, or else its string, or ``<ClassName>``.

    Args:
        value: Anything at all.
        longest: Characters of a string that are kept; None keeps all.
        depth: Levels above *value*.
    """
    if type(value) is str:  # nearly always
        return cut(value, longest)
    if type(value) in _EXACT:
        return cast("AnyValue", value)
    return _cleaned(value, longest, depth, None)


def cut(text: str, longest: int | None) -> str:
    """Return at most *longest* characters of *text*, and no more bytes than `most_bytes`."""
    if longest is None:
        return text
    kept, most = text[:longest], most_bytes(longest)
    if kept.isascii() or len(kept) * len("\\udc80") <= most:
        return kept
    encoded = kept.encode("utf-8", "backslashreplace")
    return kept if len(encoded) <= most else encoded[:most].decode("utf-8", "ignore")


def most_bytes(longest: int) -> int:
    """Return the bytes of a value that are kept; a limit that the user raised raises them."""
    return max(MOST_BYTES, 3 * longest)


class _Room:
    """Bytes that are left for the JSON of one array or map."""

    def __init__(self, longest: int | None) -> None:
        self.left: float = math.inf if longest is None else most_bytes(longest)

    def take(self, size: float) -> None:
        """Use up *size* bytes."""
        self.left -= size

    def fit(self, text: str) -> str:
        """Return the beginning of *text* for which there is room."""
        size = _json_bytes(text)
        if size > self.left:
            size, text = 0, _beginning(text, self.left)
        self.take(size or self.left)
        return text

    def fit_bytes(self, value: bytes) -> bytes:
        """Return the beginning of *value* for which there is room in base64."""
        most = len(value) if math.isinf(self.left) else max(0, int(self.left) * 3 // 4)
        self.take(len(value) * 4 // 3 + _NUMBER_BYTES)
        return value[:most]


def _beginning(text: str, most: float) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _json_bytes(text[:middle]) <= most else (low, middle - 1)
    return text[:low]


def _json_bytes(text: str) -> int:
    """Return the bytes of *text* in JSON as Go writes it, with a comma."""
    size = len(encode_basestring(text).encode("utf-8", "backslashreplace"))
    return size + 1 + 3 * (text.count("\u2028") + text.count("\u2029"))


def _cleaned(value: object, longest: int | None, depth: int, room: _Room | None) -> AnyValue:
    match value:
        case bool() | int() | float() | str() | bytes() | None:
            return _scalar(_plain(value), longest, room)
        case Mapping() if depth < DEEPEST:
            return _mapping(value, longest, depth, room or _Room(longest))
        case Sequence() if depth < DEEPEST:
            return _sequence(value, longest, depth, room or _Room(longest))
        case _ if depth < DEEPEST:
            return _cleaned(described(value), longest, DEEPEST, room)
        case _:
            return f"<{type(value).__name__}>"


def _scalar(
    value: float | str | bytes | None,
    longest: int | None,
    room: _Room | None,
) -> AnyValue:
    if isinstance(value, str):
        kept = cut(value, longest)
        return room.fit(kept) if room else kept
    if isinstance(value, bytes):
        return room.fit_bytes(value[:longest]) if room else value[:longest]
    if room:
        room.take(_NUMBER_BYTES)
    return value


def _mapping(
    value: Mapping[object, object], longest: int | None, depth: int, room: _Room
) -> dict[str, AnyValue]:
    kept: dict[str, AnyValue] = {}
    for key, item in islice(value.items(), LARGEST_COLLECTION):
        name = described(key)[:LONGEST_KEY]
        room.take(_json_bytes(name))
        if room.left <= 0:
            break
        kept[name] = _cleaned(item, longest, depth + 1, room)
    return kept


def _sequence(
    value: Sequence[object], longest: int | None, depth: int, room: _Room
) -> tuple[AnyValue, ...]:
    kept = []
    room.take(len("[],"))
    for item in value[:LARGEST_COLLECTION]:
        if room.left <= 0:
            break
        kept.append(_cleaned(item, longest, depth + 1, room))
    return tuple(kept)


def _plain(value: str | float | bytes | None) -> str | float | bytes | None:
    """Return *value* without its class: methods of a subclass must not run while it is sent."""
    match value:
        case bool() | None:
            return value
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case _:
            return bytes.__bytes__(value)
