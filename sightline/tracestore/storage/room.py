"""Room of one response: what may be read from the store for it.

Decoding and encoding take a multiple of the stored size, so the size is checked first.
"""

from typing import Final

MAX_ITEMS: Final = 20_000
"""Spans, names or calls. So many usual spans are 20 MB of JSON."""

MAX_BYTES: Final = 16 * 1024 * 1024
"""Stored size: twice that of `MAX_ITEMS` usual spans. With `MAX_ITEM_BYTES` and the largest JSON
of a response, a response takes at most about 150 MB while it is made, and one is made at a time."""

MAX_ITEM_BYTES: Final = 2 * 1024 * 1024
"""Stored size of one span, resource or name. JSON can take six times as much."""

MAX_ATTRIBUTES: Final = 50_000
"""Attributes of one span, or of all resources in a response. Python's objects for one of them take
400 bytes."""

MAX_RESOURCE_BYTES: Final = 4 * 1024 * 1024
"""Stored size of all resources and scopes in a response, which are in memory together."""

SMALL_ITEMS: Final = 2000
SMALL_BYTES: Final = 512 * 1024
"""Room of a response that is made beside others: 100 traces of 20 spans."""


class NeedsMoreRoom(Exception):
    """A small room is full; the response has to be made in a large one."""


class Room:
    """Items and bytes that a response may still read."""

    def __init__(self, items: int, size_bytes: int, *, small: bool) -> None:
        self._items = items
        self._bytes = size_bytes
        self._small = small
        self.full = False
        """True once something had no room."""

    @classmethod
    def small(cls) -> "Room":
        """Return the room of a response that is made beside others."""
        return cls(SMALL_ITEMS, SMALL_BYTES, small=True)

    @classmethod
    def large(cls) -> "Room":
        """Return the room of the largest response."""
        return cls(MAX_ITEMS, MAX_BYTES, small=False)

    def for_resources(self) -> "Room":
        """Return the room of the resources in this response; their attributes are its items."""
        if self._small:
            return self.small()
        return Room(MAX_ATTRIBUTES, MAX_RESOURCE_BYTES, small=False)

    def has(self, size_bytes: int, *, items: int) -> bool:
        """Return true if there is room for *items* of *size_bytes* in all."""
        return items <= self._items and size_bytes <= self._bytes

    def take(self, size_bytes: int, *, items: int = 1) -> bool:
        """Take the room of *items*; return false if there is none.

        Raises:
            NeedsMoreRoom: There is none, and the room is small.
        """
        if not self.has(size_bytes, items=items):
            self.fill()
            return False
        self._items -= items
        self._bytes -= size_bytes
        return True

    def fill(self) -> None:
        """Note that something had no room.

        Raises:
            NeedsMoreRoom: The room is small.
        """
        if self._small:
            raise NeedsMoreRoom
        self.full = True
