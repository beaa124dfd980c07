"""NATS of the distribution for tests: a server of its own on loopback, with JetStream."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection

import pytest

from tests.freezing import freeze
from tests.ports import free_ports
from tests.waiting import until


class Server:
    """Server that can be killed and started again on its port, with its streams."""

    def __init__(self, folder: Path) -> None:
        (self._port,) = free_ports(1)
        self._folder = folder
        self._process = self._begin()
        self.url = f"nats://127.0.0.1:{self._port}"

    def _begin(self) -> subprocess.Popen[bytes]:
        place = ["--addr", "127.0.0.1", "--port", str(self._port)]
        with (self._folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [program(), "--jetstream", "--store_dir", str(self._folder), *place],
                stdout=log,
                stderr=log,
            )

    def wait_until_it_listens(self) -> None:
        address = ("127.0.0.1", self._port)
        until(lambda: create_connection(address), within_seconds=30).close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def restart(self, *, empty: bool = False) -> None:
        self.kill()
        if empty:
            shutil.rmtree(self._folder / "jetstream")
        self._process = self._begin()
        self.wait_until_it_listens()

    def freeze(self) -> None:
        freeze(self._process.pid)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a server until the block ends. Without its program, skip the test."""
    server = Server(folder)
    try:
        server.wait_until_it_listens()
        yield server
    finally:
        server.thaw()
        server.kill()


def program() -> str:
    """Return the path of the server. Without it, skip the test, which CI refuses."""
    places = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    found = shutil.which("nats-server", path=places)
    return found or pytest.skip("nats-server: not found; Debian, Ubuntu: apt install nats-server")
