"""Groups of attributes, cached together with their encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.util.types import AnyValue

from instrumentation._otlp.fields import encode_name_and_kind, encode_status
from instrumentation._otlp.values import encode_attributes

if TYPE_CHECKING:
    from collections.abc import Callable


Key = TypeVar("Key")

Attributes = dict[str, AnyValue]

SPAN_ATTRIBUTES: Final = b"\x4a"
"""Tag of ``Span.attributes``. Source: opentelemetry-proto, trace/v1/trace.proto."""

MAX_GROUPS: Final = 512
MAX_GROUP_BYTES: Final = 256
"""Bounds of a cache, because clients choose the values."""


class AttributeGroup:
    """Attributes that spans share, with their encoding.

    Args:
        values: Attributes that OTLP can represent. The dictionary is not copied.
    """

    __slots__ = ("attributes", "fields")

    def __init__(self, values: Attributes) -> None:
        self.attributes = values
        self.fields = b"".join(encode_attributes(SPAN_ATTRIBUTES, values)[0])
        """Encoded fields of a ``Span`` message."""


Group = TypeVar("Group", bound=AttributeGroup)


class GroupCache(dict[Key, Group]):
    """Bounded cache of attribute groups. A full cache is cleared.

    Args:
        make: Returns the group of a key.
        secret: Returns true for a group whose key must not be cached.
    """

    def __init__(
        self, make: Callable[[Key], Group], *, secret: Callable[[Group], bool] = lambda _: False
    ) -> None:
        super().__init__()
        self._make = make
        self._secret = secret

    def __missing__(self, key: Key) -> Group:
        group = self._make(key)
        if len(group.fields) <= MAX_GROUP_BYTES and not self._secret(group):
            if len(self) >= MAX_GROUPS:
                self.clear()
            self[key] = group
        return group


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
