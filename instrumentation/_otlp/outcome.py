"""How a request ended, in the words of its span: encoded once, for most end alike."""

from typing import Final

from opentelemetry.trace import SpanKind, Status, StatusCode

from instrumentation._otlp.attribute_group import AttributeGroup, Attributes
from instrumentation._otlp.fields import outcome, title

SERVER_ERROR: Final = 500
"""From here on a status code is a failure, and what servers answer for an app that gives up."""

UNSET: Final = Status()
FAILED: Final = Status(StatusCode.ERROR)


class Outcome(AttributeGroup):
    """What is known of a request at its end.

    Args:
        name: Of the span.
        values: Attributes.
        status: Of the span.
    """

    __slots__ = ("closing", "name", "status")

    def __init__(self, name: str, values: Attributes, status: Status) -> None:
        super().__init__(values)
        self.name = name
        self.status = status
        self.closing = title(name, SpanKind.SERVER) + outcome(status)
        """Fields of a ``Span`` message for the name and the status."""
