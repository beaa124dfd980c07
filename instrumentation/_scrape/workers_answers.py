"""What siblings answer, all asked at once."""

import os
import selectors
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Final

END: Final = b"\0"
"""Ends an answer: one that stops before it was cut short."""

PIECE_BYTES: Final = 1 << 20


def answers(addresses: Mapping[str, str], *, within_seconds: float) -> dict[str, bytes]:
    """What siblings answer, by name; who does not is left out.

    Args:
        addresses: Of their sockets, by name.
        within_seconds: For all of them together.
    """
    deadline = time.monotonic() + within_seconds
    heard = {name: bytearray() for name in addresses}
    with ExitStack() as open_now, selectors.DefaultSelector() as waiting:
        for name, address in addresses.items():
            sibling = open_now.enter_context(socket.socket(socket.AF_UNIX))
            sibling.settimeout(0)
            with suppress(OSError):  # it is gone, or too many wait for it
                sibling.connect(address)
                waiting.register(sibling, selectors.EVENT_READ, heard[name])
        while waiting.get_map() and (left := deadline - time.monotonic()) > 0:
            for ready, _ in waiting.select(left):
                if not _hear(ready):
                    waiting.unregister(ready.fileobj)
    return {name: bytes(answer[:-1]) for name, answer in heard.items() if answer.endswith(END)}


def _hear(ready: selectors.SelectorKey) -> bool:
    """Whether another piece of an answer came."""
    piece = b""
    with suppress(OSError):  # it died in the middle
        piece = os.read(ready.fd, PIECE_BYTES)
    ready.data.extend(piece)
    return bool(piece)
