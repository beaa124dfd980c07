"""Outcome of a request as its span reports it, encoded once because few outcomes differ."""

from typing import Final

from opentelemetry.trace import SpanKind, Status, StatusCode

from instrumentation._otlp.attribute_group import AttributeGroup, Attributes
from instrumentation._otlp.fields import encode_name_and_kind, encode_status

SERVER_ERROR: Final = 500
"""Lowest status code of a failure, and the status that servers send after an exception."""

UNSET: Final = Status()
FAILED: Final = Status(StatusCode.ERROR)


class Outcome(AttributeGroup):
    """Name, status and last attributes of a span.

    Args:
        name: Name of the span.
        values: Attributes that are known when the request ends.
        status: Status of the span.
    """

    __slots__ = ("encoded_name_and_status", "name", "status")

    def __init__(self, name: str, values: Attributes, status: Status) -> None:
        super().__init__(values)
        self.name = name
        self.status = status
        self.encoded_name_and_status = encode_name_and_kind(name, SpanKind.SERVER) + encode_status(
            status
        )
        """Encoded fields of a ``Span`` message."""
