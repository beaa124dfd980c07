"""Unix socket between the command and the supervisor, in the run directory.

A request contains the environment of the command with its secrets, so it is never written to disk.
"""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sightline.local.problems import Problems

NAME: Final = "supervisor.sock"
_MAX_PATH_BYTES: Final = 100
"""Longest path of a Unix socket, below the limits of Linux (107) and macOS (103)."""
_TIMEOUT_SECONDS: Final = 5.0
_CHECK_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.2
_MAX_MESSAGE_BYTES: Final = 64 << 20
_CREDENTIALS: Final = struct.Struct("3i")
"""pid, uid, gid. Source: unix(7), ``struct ucred``."""


def ask(run: Path, message: str = "") -> str | None:
    """Send *message* to the supervisor of *run* and return its response; None on failure."""
    try:
        with _address(run) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.connect(address)
            connection.sendall(message.encode())
            connection.shutdown(socket.SHUT_WR)
            return _read_all(connection).decode()
    except (OSError, ValueError):
        return None


class Listener:
    """Server side of the socket, in the supervisor.

    Args:
        answer: Called in the listener's thread with each message; returns the response.
    """

    def __init__(self, run: Path, answer: Callable[[str], str], problems: Problems) -> None:
        self._run = run
        self._answer = answer
        self._problems = problems

    def serve(self) -> None:
        """Serve until the process ends; recreate a removed socket."""
        while True:
            with self._problems.attempt("supervisor.sock", "free disk space or file descriptors"):
                self._listen()
            time.sleep(_RETRY_SECONDS)

    def _listen(self) -> None:
        """Serve until the socket file is removed."""
        file = self._run / NAME
        with _address(self._run) as address, socket.socket(socket.AF_UNIX) as listener:
            file.unlink(missing_ok=True)
            listener.bind(address)
            listener.listen()
            listener.settimeout(_CHECK_SECONDS)
            inode = file.lstat().st_ino
            while _inode(file) == inode:
                with suppress(TimeoutError), closing(listener.accept()[0]) as connection:
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        if not _is_trusted(connection):
            return
        # An error of one client must not affect others.
        with suppress(OSError, ValueError):
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.sendall(self._answer(_read_all(connection).decode()).encode())


def _read_all(connection: socket.socket) -> bytes:
    """Return all data up to the end of the stream."""
    received = bytearray()
    while chunk := connection.recv(65536):
        received += chunk
        if len(received) > _MAX_MESSAGE_BYTES:
            raise ValueError("message too large")
    return bytes(received)


def _is_trusted(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):  # other systems rely on the mode of the directory
        return True
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(peer)[1] in {0, os.getuid()})


@contextmanager
def _address(run: Path) -> Iterator[str]:
    """Yield the socket's path; a long one goes through a descriptor in `/proc`."""
    plain = str(run / NAME)
    if len(os.fsencode(plain)) <= _MAX_PATH_BYTES:
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
