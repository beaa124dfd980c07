"""JSON of a response, encoded item by item: Python's objects take ten times the memory of JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final, Self, TypeVar

from sightline.tracestore.query.responses import encoded
from sightline.tracestore.storage.attributes import JSON

Item = TypeVar("Item", bound=JSON)

MAX_JSON_BYTES: Final = 32 * 1024 * 1024
"""Source: `MAX_BYTES` of sightline/viewer/sources/upstream.py, the longest answer that the viewer
reads."""

_END_BYTES: Final = 1024 * 1024
"""Space for the end of the document."""


class JSONBody:
    """JSON document that grows by the items of its lists."""

    def __init__(self, *, max_bytes: int = MAX_JSON_BYTES - _END_BYTES) -> None:
        self.content = bytearray()
        self.full = False
        """True once an item had no room."""
        self._max_bytes = max_bytes
        self._separator = b""

    @classmethod
    def of(cls, document: JSON) -> Self:
        """Return the body that is *document*."""
        body = cls()
        body.content += encoded(document)
        return body

    @classmethod
    def list_of(cls, document: JSON, name: str, items: Iterable[JSON]) -> Self:
        """Return *document* with *items* in its empty list *name*, while there is room."""
        body = cls()
        with body.items_of(document, name):
            body.add_all(items)
        return body

    @contextmanager
    def items_of(
        self, document: JSON, name: str, encoded_fields: Mapping[str, bytes] = MappingProxyType({})
    ) -> Iterator[None]:
        """Add *document*; what is added in the block is in its empty list *name*.

        Args:
            document: Object with an empty list *name*.
            name: Name of that list.
            encoded_fields: JSON of fields behind the list, which are null in *document*.
        """
        # Quotation marks in a string are escaped, so this is no part of one.
        head, place, tail = encoded(document).partition(f'"{name}":[]'.encode())
        for field, value in encoded_fields.items():
            before, _, after = tail.partition(f'"{field}":null'.encode())
            tail = b"".join((before, f'"{field}":'.encode(), value, after))
        self.content += self._separator + head + place[:-1]
        self._separator = b""
        yield
        self.content += b"]" + tail
        self._separator = b","

    def add_all(self, items: Iterable[Item], *, together: bool = False) -> tuple[int, Item | None]:
        """Add *items* while there is room; return how many, and the first one without room.

        Args:
            items: Made and encoded one by one.
            together: They are few, so all of them are tried at once before.
        """
        if together:
            items = few = list(items)
            if self.add_together(few):
                return len(few), None
        added = 0
        for item in items:
            if not self.add(item):
                return added, item
            added += 1
        return added, None

    def add_together(self, items: Sequence[JSON]) -> bool:
        """Add *items*, or return false if not all of them have room; faster than one by one."""
        content = encoded(items)[1:-1]
        if len(self.content) + len(content) > self._max_bytes:
            return False
        self.content += self._separator
        self.content += content
        self._separator = b","
        return True

    def add(self, item: JSON, *, last: bool = False) -> bool:
        """Add *item* to the list, or return false if it has no room, unless it is the *last* one.

        No item has room after that.
        """
        content = encoded(item)
        self.full = self.full or len(self.content) + len(content) > self._max_bytes
        if self.full and not last:
            return False
        self.content += self._separator
        self.content += content
        self._separator = b","
        return True
