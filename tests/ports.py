"""Free TCP ports on loopback, for stacks that run at the same time."""

import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

BELOW_THE_EPHEMERAL = range(10_000, 32_000)
"""Ports that outgoing connections do not use. Source: Linux, ip_local_port_range."""


def free_ports(count: int) -> list[int]:
    """Return *count* different ports without a listener."""
    return list(islice(_find_free(), count))


def _find_free() -> Iterator[int]:
    for port in random.sample(BELOW_THE_EPHEMERAL, len(BELOW_THE_EPHEMERAL)):
        with suppress(OSError), socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            yield port
