"""Availability of TCP ports, and the processes that listen on them."""

import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import psutil

from sightline.errors import PortTaken
from sightline.local.process import command_line

_COMMAND_LENGTH: Final = 100


def require_free(ports: Iterable[tuple[str, int]]) -> None:
    """Check the ports of all variables.

    Raises:
        PortTaken: The message lists each port in use with variable and process.
    """
    taken = [
        f"  port {port} ({variable}): {holder(port)}" for variable, port in ports if not free(port)
    ]
    if taken:
        advice = "Stop these processes, or set the variables to other ports."
        raise PortTaken("\n".join(("Ports of the stack are in use:", *taken, advice)))


def free(port: int) -> bool:
    """Return true if a program can listen on *port* of loopback."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return sys.platform == "linux" or not _accepts_connections(port)


def _accepts_connections(port: int) -> bool:
    """Return true if a listener accepts, although *port* could be bound.

    Outside Linux, a listener on all addresses leaves loopback free to bind. On Linux it does not,
    and a connection to a free port can connect to itself.
    """
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def holder(port: int) -> str:
    """Return the processes that listen on *port*, with pid and command line."""
    pids = sorted(_listening_pids(port))
    if not pids:
        return "held by a process of another user"
    return "held by " + ", ".join(
        f"pid {pid}: {command_line(pid)[:_COMMAND_LENGTH]}" for pid in pids
    )


def _listening_pids(port: int) -> Iterator[int]:
    for process in psutil.process_iter():
        # Another user's process is not readable.
        with suppress(psutil.Error):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    yield process.pid
                    break
