"""Requests to sibling workers over their Unix sockets."""

from __future__ import annotations

import os
import selectors
import socket
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

END: Final = b"\0"
"""Last byte of a complete answer; an answer without it is truncated."""

CHUNK_BYTES: Final = 1 << 20


def fetch_all(addresses: Mapping[str, str], *, within_seconds: float) -> dict[str, bytes]:
    """Return the complete answers of sibling workers by worker id, without `END`.

    All siblings are asked at once. A sibling that fails or exceeds the deadline is missing.

    Args:
        addresses: Socket paths by worker id.
        within_seconds: Deadline for all answers together.
    """
    deadline = time.monotonic() + within_seconds
    received = {name: bytearray() for name in addresses}
    with ExitStack() as sockets, selectors.DefaultSelector() as selector:
        for name, address in addresses.items():
            sibling = sockets.enter_context(socket.socket(socket.AF_UNIX))
            sibling.settimeout(0)
            with suppress(OSError):  # it exited, or its backlog is full
                sibling.connect(address)
                selector.register(sibling, selectors.EVENT_READ, received[name])
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for ready, _ in selector.select(left):
                if not _receive(ready):
                    selector.unregister(ready.fileobj)
    return {name: bytes(answer[:-1]) for name, answer in received.items() if answer.endswith(END)}


def _receive(ready: selectors.SelectorKey) -> bool:
    """Append the available bytes to the answer and return False at its end."""
    chunk = b""
    with suppress(OSError):  # the sibling died while it answered
        chunk = os.read(ready.fd, CHUNK_BYTES)
    ready.data.extend(chunk)
    return bool(chunk)
