"""Groups of attributes, cached together with their encoding."""

from collections.abc import Callable
from typing import Final, TypeVar

from opentelemetry.util.types import AnyValue

from instrumentation._otlp.values import encode_attributes

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
