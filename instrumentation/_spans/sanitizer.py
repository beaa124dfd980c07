"""Sanitizer of span names, texts and attributes: truncates to limits and redacts secrets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opentelemetry.trace import Link, Status, StatusCode

from instrumentation._spans.attributes import MAX_KEY_LENGTH, sanitize_value, truncate
from instrumentation._support.guard import qualified_name, safe_str
from instrumentation._support.redaction import redact_text
from instrumentation.settings import SECRET_PARAMETERS, SHORTEST_NAME, Limits

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

    from instrumentation._spans.stacktrace import Redact

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

    def value(self, value: object) -> "AnyValue":
        """Return *value* as the value of an attribute."""
        return sanitize_value(value, self._max_length)

    def attribute(self, key: object, value: object) -> "tuple[str, AnyValue]":
        """Return name and value of an attribute; the name is empty for None, an invalid key."""
        name = "" if key is None else self.key(key)
        return name, sanitize_value(value, self._max_length)

    def name(self, name: object) -> str:
        """Return *name* as the name of a span, event or scope."""
        return truncate(name if type(name) is str else safe_str(name), self._max_name_length)

    def status(self, status: Status) -> Status:
        """Return *status* with its description redacted and truncated."""
        description = status.description
        if status.status_code is not StatusCode.ERROR or not description:
            return status
        from instrumentation._spans.stacktrace import redact_and_truncate

        kept = redact_and_truncate(description, self._max_name_length, self.redact)
        return status if kept == description else Status(StatusCode.ERROR, kept)

    def attributes(self, attributes: Attributes, most: int | None = None) -> "dict[str, AnyValue]":
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

    def exception(self, error: BaseException, *, escaped: bool) -> "dict[str, AnyValue]":
        """Return the attributes of *error*. Source: semantic conventions, "Exceptions in spans"."""
        return {
            **exception(error, self._max_length, self.redact),
            "exception.escaped": str(escaped),
        }


def exception(error: BaseException, max_length: int, redact: "Redact") -> "dict[str, AnyValue]":
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
