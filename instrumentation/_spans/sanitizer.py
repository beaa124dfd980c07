"""Sanitizer of span names, texts and attributes: truncates to limits and redacts secrets.

Sanitized values are safe to store, to encode and to index.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Final, cast

from opentelemetry.trace import Link, Status, StatusCode

from instrumentation._support.guard import qualified_name, safe_str
from instrumentation._support.redaction import redact_text
from instrumentation.settings import SECRET_PARAMETERS, SHORTEST_NAME, Limits

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

    from instrumentation._spans.stacktrace import Redact


MAX_ITEMS = 1024
"""Items of a sequence or mapping that are kept, to bound the exporter's memory."""

MAX_DEPTH = 8
"""Levels of nesting that are kept, because a list may contain itself."""

DEFAULT_MAX_BYTES: Final = 49_152
"""Bytes of a value that are kept by default: three for each character of the default limit.

Jaeger with Badger indexes service name, key and value together. It rejects the whole request when
they exceed 64,975 bytes. Bytes are indexed as hexadecimal digits, arrays and maps as JSON.
"""

MAX_KEY_LENGTH: Final = 1024
"""Characters of a key or service name that are kept."""

_NUMBER_BYTES: Final = 25
"""Bytes of the longest number in JSON, with a comma."""

_EXACT_TYPES: Final = frozenset({bool, int, float, type(None)})
"""Types whose values are kept unchanged. Subclasses are not."""


def sanitize_value(value: object, max_length: int | None, depth: int = 0) -> AnyValue:
    """Return *value* as OTLP can represent it, or else its string, or ``<ClassName>``.

    Args:
        value: Any object.
        max_length: Characters of a string that are kept; None keeps all.
        depth: Levels above *value*.
    """
    if type(value) is str:  # the most frequent type
        return truncate(value, max_length)
    if type(value) in _EXACT_TYPES:
        return cast("AnyValue", value)
    return _sanitize(value, max_length, depth, None)


def truncate(text: str, max_length: int | None) -> str:
    """Return the first *max_length* characters of *text*, within `max_bytes`."""
    if max_length is None:
        return text
    kept, most = text[:max_length], max_bytes(max_length)
    if kept.isascii() or len(kept) * len("\\udc80") <= most:
        return kept
    encoded = kept.encode("utf-8", "backslashreplace")
    return kept if len(encoded) <= most else encoded[:most].decode("utf-8", "ignore")


def max_bytes(max_length: int) -> int:
    """Return the bytes of a value that are kept; a higher limit of the user raises them."""
    return max(DEFAULT_MAX_BYTES, 3 * max_length)


class _JsonBudget:
    """Remaining bytes for the JSON of one array or map."""

    def __init__(self, max_length: int | None) -> None:
        self.bytes_left: float = math.inf if max_length is None else max_bytes(max_length)

    def spend(self, size: float) -> None:
        """Subtract *size* bytes."""
        self.bytes_left -= size

    def fit(self, text: str) -> str:
        """Return the longest prefix of *text* within the budget."""
        size = _json_bytes(text)
        if size > self.bytes_left:
            size, text = 0, _json_prefix(text, self.bytes_left)
        self.spend(size or self.bytes_left)
        return text

    def fit_bytes(self, value: bytes) -> bytes:
        """Return the longest prefix of *value* within the budget, as base64."""
        most = len(value) if math.isinf(self.bytes_left) else max(0, int(self.bytes_left) * 3 // 4)
        self.spend(len(value) * 4 // 3 + _NUMBER_BYTES)
        return value[:most]


def _json_prefix(text: str, most: float) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _json_bytes(text[:middle]) <= most else (low, middle - 1)
    return text[:low]


def _json_bytes(text: str) -> int:
    """Return the size of *text* in Go's JSON, with a comma, in bytes."""
    size = len(encode_basestring(text).encode("utf-8", "backslashreplace"))
    return size + 1 + 3 * (text.count("\u2028") + text.count("\u2029"))


def _sanitize(
    value: object, max_length: int | None, depth: int, budget: _JsonBudget | None
) -> AnyValue:
    match value:
        case bool() | int() | float() | str() | bytes() | None:
            return _scalar(_without_subclass(value), max_length, budget)
        case Mapping() if depth < MAX_DEPTH:
            return _mapping(value, max_length, depth, budget or _JsonBudget(max_length))
        case Sequence() if depth < MAX_DEPTH:
            return _sequence(value, max_length, depth, budget or _JsonBudget(max_length))
        case _ if depth < MAX_DEPTH:
            return _sanitize(safe_str(value), max_length, MAX_DEPTH, budget)
        case _:
            return f"<{type(value).__name__}>"


def _scalar(
    value: float | str | bytes | None,
    max_length: int | None,
    budget: _JsonBudget | None,
) -> AnyValue:
    if isinstance(value, str):
        kept = truncate(value, max_length)
        return budget.fit(kept) if budget else kept
    if isinstance(value, bytes):
        return budget.fit_bytes(value[:max_length]) if budget else value[:max_length]
    if budget:
        budget.spend(_NUMBER_BYTES)
    return value


def _mapping(
    value: Mapping[object, object], max_length: int | None, depth: int, budget: _JsonBudget
) -> dict[str, AnyValue]:
    kept: dict[str, AnyValue] = {}
    for key, item in islice(value.items(), MAX_ITEMS):
        name = safe_str(key)[:MAX_KEY_LENGTH]
        budget.spend(_json_bytes(name))
        if budget.bytes_left <= 0:
            break
        kept[name] = _sanitize(item, max_length, depth + 1, budget)
    return kept


def _sequence(
    value: Sequence[object], max_length: int | None, depth: int, budget: _JsonBudget
) -> tuple[AnyValue, ...]:
    kept = []
    budget.spend(len("[],"))
    for item in value[:MAX_ITEMS]:
        if budget.bytes_left <= 0:
            break
        kept.append(_sanitize(item, max_length, depth + 1, budget))
    return tuple(kept)


def _without_subclass(value: str | float | bytes | None) -> str | float | bytes | None:
    """Return *value* as its base type, so that no method of a subclass runs during export."""
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


Attributes = Mapping[str, "AnyValue"] | None

_SMALL: Final = frozenset({int, bool, float})

_SHORT_LENGTH: Final = 256
"""Characters of a string that is within every byte limit."""


class Sanitizer:
    """Sanitizer of texts and attributes of spans.

    Args:
        limits: Bounds of a span.
        secret: Names of parameters whose values are redacted in error messages.
    """

    def __init__(self, limits: Limits, secret: frozenset[str] = SECRET_PARAMETERS) -> None:
        self.limits = limits
        self._max_length = limits.attribute_length
        self._max_name_length = max(limits.attribute_length, SHORTEST_NAME)
        self.short_length = min(limits.attribute_length, _SHORT_LENGTH)
        """Characters of a string that needs no sanitizing; callers compare with it first."""
        self.secret = secret

    def redact(self, text: str) -> str:
        """Return *text* without secrets."""
        return redact_text(text, self.secret)

    def key(self, key: object) -> str:
        """Return *key* as the name of an attribute."""
        return (key if type(key) is str else safe_str(key))[:MAX_KEY_LENGTH]

    def value(self, value: object) -> AnyValue:
        """Return *value* as the value of an attribute."""
        return sanitize_value(value, self._max_length)

    def attribute(self, key: object, value: object) -> tuple[str, AnyValue]:
        """Return name and value of an attribute; the name is empty for None, an invalid key."""
        name = "" if key is None else self.key(key)
        return name, sanitize_value(value, self._max_length)

    def name(self, name: object) -> str:
        """Return *name* as the name of a span, event or scope."""
        return truncate(name if type(name) is str else safe_str(name), self._max_name_length)

    def status(self, given: Status | StatusCode, description: str | None = None) -> Status:
        """Return a status, or one of a code and *description*, redacted and truncated."""
        status = given if isinstance(given, Status) else Status(given, description)
        description = status.description
        if status.status_code is not StatusCode.ERROR or not description:
            return status
        from instrumentation._spans.stacktrace import redact_and_truncate

        kept = redact_and_truncate(description, self._max_name_length, self.redact)
        return status if kept == description else Status(StatusCode.ERROR, kept)

    def attributes(self, attributes: Attributes, most: int | None = None) -> dict[str, AnyValue]:
        """Return the first *most* of *attributes*, sanitized."""
        items = list((attributes or {}).items())[:most]
        return {self.key(key): self.value(value) for key, value in items}

    def is_small(self, attributes: Attributes) -> bool:
        """Return true when *attributes* need no sanitizing."""
        if not attributes:
            return True
        short_length = self.short_length
        for key, value in attributes.items():
            kind = type(value)
            if type(key) is not str or len(key) > short_length:
                return False
            if len(value) > short_length if kind is str else kind not in _SMALL:  # type: ignore[arg-type]  # a string here
                return False
        return True

    def link(self, link: Link) -> Link:
        """Return *link* with its attributes sanitized."""
        if not link.attributes:
            return link
        return Link(link.context, self.attributes(link.attributes, self.limits.link_attributes))

    def exception(
        self, error: BaseException, attributes: Attributes, *, escaped: bool
    ) -> dict[str, AnyValue]:
        """Return the attributes of *error*, which *attributes* override.

        Source: semantic conventions, "Exceptions in spans".
        """
        return {
            **exception(error, self._max_length, self.redact),
            "exception.escaped": str(escaped),
            **(attributes or {}),
        }


def exception(error: BaseException, max_length: int, redact: Redact) -> dict[str, AnyValue]:
    """Return type, message and stack trace of *error*, without secrets.

    Args:
        error: Last exception of its chain.
        max_length: Characters of each attribute that are kept.
        redact: Replaces secrets in a text.
    """
    from instrumentation._spans.stacktrace import redact_and_truncate, stacktrace

    return {
        "exception.type": truncate(qualified_name(error), max_length),
        "exception.message": redact_and_truncate(safe_str(error), max_length, redact),
        "exception.stacktrace": stacktrace(error, max_length, redact),
    }
