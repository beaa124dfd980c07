"""The way from the command to the supervisor: a Unix socket in the run directory.

A request holds the environment of the command, secrets included, so it must not reach the disk.
"""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sightline.local.troubles import Troubles

NAME: Final = "supervisor.sock"
_LONGEST_ADDRESS: Final = 100
"""Bytes of a Unix socket's path, a little below what Linux (107) and macOS (103) take."""
_WITHIN_SECONDS: Final = 5.0
_LOOK_EVERY_SECONDS: Final = 1.0
_AGAIN_AFTER_SECONDS: Final = 0.2
_LARGEST_BYTES: Final = 64 << 20
_CREDENTIALS: Final = struct.Struct("3i")
"""pid, uid, gid. Source: unix(7), ``struct ucred``."""


def ask(run: Path, message: str = "") -> str | None:
    """Return the answer to *message* of the supervisor of *run*; None when there is no answer."""
    try:
        with _address(run) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_WITHIN_SECONDS)
            connection.connect(address)
            connection.sendall(message.encode())
            connection.shutdown(socket.SHUT_WR)
            return _received(connection).decode()
    except (OSError, ValueError):
        return None


class Listener:
    """The supervisor's end of the socket.

    Args:
        answer: Called in the listener's thread with each message; returns the answer.
    """

    def __init__(self, run: Path, answer: Callable[[str], str], troubles: Troubles) -> None:
        self._run = run
        self._answer = answer
        self._troubles = troubles

    def serve(self) -> None:
        """Answer until the process ends; a socket that was removed is made again."""
        while True:
            with self._troubles.attempt("supervisor.sock", "free the disk or its open files"):
                self._listen()
            time.sleep(_AGAIN_AFTER_SECONDS)

    def _listen(self) -> None:
        """Answer as long as the socket is in its place."""
        file = self._run / NAME
        with _address(self._run) as address, socket.socket(socket.AF_UNIX) as listener:
            file.unlink(missing_ok=True)
            listener.bind(address)
            listener.listen()
            listener.settimeout(_LOOK_EVERY_SECONDS)
            inode = file.lstat().st_ino
            while _inode(file) == inode:
                with suppress(TimeoutError), closing(listener.accept()[0]) as connection:
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        if not _of_this_user(connection):
            return
        # A caller that goes away or keeps silent costs only itself.
        with suppress(OSError, ValueError):
            connection.settimeout(_WITHIN_SECONDS)
            connection.sendall(self._answer(_received(connection).decode()).encode())


def _received(connection: socket.socket) -> bytes:
    """Return everything until the other side stops sending."""
    received = bytearray()
    while chunk := connection.recv(65536):
        received += chunk
        if len(received) > _LARGEST_BYTES:
            raise ValueError("message too large")
    return bytes(received)


def _of_this_user(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):  # elsewhere the directory's mode has to do
        return True
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(peer)[1] in {0, os.getuid()})


@contextmanager
def _address(run: Path) -> Iterator[str]:
    """Yield the socket's path, by way of a descriptor where it is too long."""
    plain = str(run / NAME)
    if len(os.fsencode(plain)) <= _LONGEST_ADDRESS:
        yield plain
        return
    directory = os.open(run, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{directory}/{NAME}"
    finally:
        os.close(directory)


def _inode(file: Path) -> int:
    try:
        return file.lstat().st_ino
    except FileNotFoundError:
        return 0
