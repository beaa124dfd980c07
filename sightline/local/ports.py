"""Whether a TCP port is free, and who holds it when it is not."""

import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from sightline.errors import PortTaken
from sightline.local.process import command_of

_PROC: Final = Path("/proc")
_LISTENING: Final = "0A"
"""State column of /proc/net/tcp. Source: Linux include/net/tcp_states.h."""
_COMMAND_LENGTH: Final = 100


def require_free(ports: Iterable[tuple[str, int]]) -> None:
    """Check every variable and port.

    Raises:
        PortTaken: Names each port that is taken, its variable and the process that holds it.
    """
    taken = [
        f"  port {port} ({variable}): {holder(port)}" for variable, port in ports if not free(port)
    ]
    if taken:
        raise PortTaken(
            "\n".join(
                (
                    "Ports that the stack needs are taken:",
                    *taken,
                    "Stop what holds them, or choose others: set the variable in the environment.",
                )
            )
        )


def free(port: int) -> bool:
    """Whether a program could listen on *port* of loopback."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return sys.platform == "linux" or not _covered(port)


def _covered(port: int) -> bool:
    """Whether somebody answers, though *port* could be bound: other systems allow that.

    A listener on all addresses leaves each single address free there. On Linux it does not, and
    a call to a free port may meet itself.
    """
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def holder(port: int) -> str:
    """Who listens on *port*, by pid and command."""
    pids = sorted(set(_pids_linux(port) if sys.platform == "linux" else _pids_lsof(port)))
    if not pids:
        return "held by a process that this user may not see"
    return "held by " + ", ".join(f"pid {pid}: {command_of(pid)[:_COMMAND_LENGTH]}" for pid in pids)


def _pids_linux(port: int) -> Iterator[int]:
    """Processes that have a listening socket of *port* open."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for descriptor in _PROC.glob("[0-9]*/fd/*") if sockets else ():
        with suppress(OSError):
            if str(descriptor.readlink()) in sockets:
                yield int(descriptor.parts[2])


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _pids_lsof(port: int) -> Iterator[int]:
    asked = ["lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"]
    with suppress(FileNotFoundError):
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        yield from map(int, found.split())
