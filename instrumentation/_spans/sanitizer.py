"""Everything that a span says, within its limits and without secrets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opentelemetry.trace import Link, Status, StatusCode

from instrumentation._spans.attributes import LONGEST_KEY, cleaned, cut
from instrumentation._spans.stacktrace import Redact, redacted_and_cut, stacktrace
from instrumentation._support.guard import described, qualified_name
from instrumentation._support.redaction import redacted_text
from instrumentation.settings import SECRET_PARAMETERS, SHORTEST_NAME, Limits

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

Attributes = Mapping[str, "AnyValue"] | None

_SMALL: Final = frozenset({int, bool, float})

_SHORT: Final = 256
"""Characters of a string whose bytes need not be counted."""


class Sanitizer:
    """Sanitizes texts and attributes of spans.

    Args:
        limits: Bounds of a span.
        secret: Names of parameters whose values are redacted in error messages.
    """

    def __init__(self, limits: Limits, secret: frozenset[str] = SECRET_PARAMETERS) -> None:
        self.limits = limits
        self._longest = limits.attribute_length
        self._longest_name = max(limits.attribute_length, SHORTEST_NAME)
        self.short = min(limits.attribute_length, _SHORT)
        """Characters of a string that is kept as it is; callers ask this first to save time."""
        self.secret = secret

    def redact(self, text: str) -> str:
        """Return *text* without secrets."""
        return redacted_text(text, self.secret)

    def key(self, key: object) -> str:
        """Return the name of an attribute."""
        return (key if type(key) is str else described(key))[:LONGEST_KEY]

    def value(self, value: object) -> "AnyValue":
        """Return the value of an attribute."""
        return cleaned(value, self._longest)

    def attribute(self, key: object, value: object) -> "tuple[str, AnyValue]":
        """Return name and value of an attribute; the name is empty for None, which is no name."""
        name = "" if key is None else self.key(key)
        return name, cleaned(value, self._longest)

    def name(self, name: object) -> str:
        """Return the name of a span, event or scope."""
        return cut(name if type(name) is str else described(name), self._longest_name)

    def status(self, status: Status) -> Status:
        """Return *status* with its description redacted and cut."""
        description = status.description
        if status.status_code is not StatusCode.ERROR or not description:
            return status
        kept = redacted_and_cut(description, self._longest_name, self.redact)
        return status if kept == description else Status(StatusCode.ERROR, kept)

    def attributes(self, attributes: Attributes, most: int | None = None) -> "dict[str, AnyValue]":
        """Return the first *most* of *attributes*."""
        items = list((attributes or {}).items())[:most]
        return {self.key(key): self.value(value) for key, value in items}

    def small(self, attributes: Attributes) -> bool:
        """Return whether *attributes* are kept as they are, as nearly all that are set at once."""
        if not attributes:
            return True
        short = self.short
        for key, value in attributes.items():
            kind = type(value)
            if type(key) is not str or len(key) > short:
                return False
            if len(value) > short if kind is str else kind not in _SMALL:  # type: ignore[arg-type]  # it is a string
                return False
        return True

    def link(self, link: Link) -> Link:
        """Return *link* with its attributes sanitized."""
        if not link.attributes:
            return link
        return Link(link.context, self.attributes(link.attributes, self.limits.link_attributes))

    def exception(self, error: BaseException, *, escaped: bool) -> "dict[str, AnyValue]":
        """Return the attributes of *error*. Source: semantic conventions, "Exceptions in spans"."""
        return {**exception(error, self._longest, self.redact), "exception.escaped": str(escaped)}


def exception(error: BaseException, longest: int, redact: Redact) -> "dict[str, AnyValue]":
    """Return type, message and stack trace of *error*, without secrets.

    Args:
        error: The last exception of its chain.
        longest: Characters of each that are kept.
        redact: Replaces secrets in a text.
    """
    return {
        "exception.type": cut(qualified_name(error), longest),
        "exception.message": redacted_and_cut(described(error), longest, redact),
        "exception.stacktrace": stacktrace(error, longest, redact),
    }
