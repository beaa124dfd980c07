"""Free TCP ports on loopback, for stacks that run beside each other."""

import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

BELOW_THE_EPHEMERAL = range(10_000, 32_000)
"""Ports no outgoing connection takes by itself. Source: Linux, ip_local_port_range."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    return list(islice(_free(), count))


def _free() -> Iterator[int]:
    for port in random.sample(BELOW_THE_EPHEMERAL, len(BELOW_THE_EPHEMERAL)):
        with suppress(OSError), socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            yield port
