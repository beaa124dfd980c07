"""Attributes that come together, kept with their encoding: who meets them again pays nothing."""

from collections.abc import Callable
from typing import Final, TypeVar

from opentelemetry.util.types import AnyValue

from instrumentation._otlp.values import attributes

Key = TypeVar("Key")

Attributes = dict[str, AnyValue]

SPAN_ATTRIBUTES: Final = b"\x4a"
"""Tag of ``Span.attributes``. Source: opentelemetry-proto, trace/v1/trace.proto."""

MOST: Final = 512
LARGEST_BYTES: Final = 256
"""Of what is remembered: strangers may send anything."""


class AttributeGroup:
    """Attributes that come together.

    Args:
        values: What OTLP can carry; taken over, not copied.
    """

    __slots__ = ("attributes", "fields")

    def __init__(self, values: Attributes) -> None:
        self.attributes = values
        self.fields = b"".join(attributes(SPAN_ATTRIBUTES, values)[0])
        """Fields of a ``Span`` message."""


Group = TypeVar("Group", bound=AttributeGroup)


class Remembered(dict[Key, Group]):
    """Groups by what they are made from; when there are too many, all are forgotten.

    Args:
        make: The group for a key.
        secret: Whether a group is of a key that may not be kept.
    """

    def __init__(
        self, make: Callable[[Key], Group], *, secret: Callable[[Group], bool] = lambda _: False
    ) -> None:
        super().__init__()
        self._make = make
        self._secret = secret

    def __missing__(self, key: Key) -> Group:
        group = self._make(key)
        if len(group.fields) <= LARGEST_BYTES and not self._secret(group):
            if len(self) >= MOST:
                self.clear()
            self[key] = group
        return group
