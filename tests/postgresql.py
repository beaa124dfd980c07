"""PostgreSQL of the distribution for tests: a server of its own on loopback."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import psutil
import pytest

from tests.ports import free_ports
from tests.waiting import until

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
"""Folders in which Debian and Ubuntu install the programs of a server."""


class Server:
    """Server in *folder* that can be killed and started again with its databases."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"postgresql://postgres@127.0.0.1:{port}"
        self._folder = folder
        self._names = count(1)
        self._user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        data = ["-D", str(folder / "data")]
        self._create = [program("initdb"), *data, "-U", "postgres", "-A", "trust", "--no-sync"]
        place = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        self._serve = [program("postgres"), *data, *place, "-F"]
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Create the files of the server."""
        if self._user:
            shutil.chown(self._folder, self._user)
        subprocess.run(
            self._create, check=True, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL
        )

    def start(self) -> None:
        """Start the processes of the server, and wait until it answers."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._serve, user=self._user, cwd=self._folder, stdout=log, stderr=log
            )
        until(lambda: asyncio.run(answers(self)), within_seconds=60)

    def restart(self) -> None:
        """Kill all processes of the server at once, and start it again."""
        if self._process:
            main = psutil.Process(self._process.pid)
            main.suspend()  # so that it starts no more children
            for process in (*main.children(), main):
                process.kill()
            self._process.wait()
        self.start()

    def stop(self) -> None:
        """Stop the server without waiting for its clients."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)

    def database(self, name: str = "") -> str:
        """Create an empty database and return its URL."""
        name = name or f"shop{next(self._names)}"
        asyncio.run(self._create_database(name))
        return f"{self.url}/{name}"

    async def _create_database(self, name: str) -> None:
        connection = await asyncpg.connect(f"{self.url}/postgres")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()


@contextmanager
def running() -> Iterator[Server]:
    """Run a server until the block ends. Without its programs, skip the test.

    Its folder is not one of pytest, which are closed to other users at the start of each session.
    """
    with TemporaryDirectory(prefix="postgresql-") as folder:
        server = Server(Path(folder))
        server.create()
        try:
            server.start()
            yield server
        finally:
            server.stop()


async def answers(server: Server) -> bool:
    """Return true if the server accepts connections."""
    try:
        connection = await asyncpg.connect(f"{server.url}/postgres")
    except (asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        return False
    await connection.close()
    return True


def program(name: str) -> str:
    """Return the path of a program of the server. Without it, skip the test, which CI refuses."""
    places = os.pathsep.join([*map(str, DEBIAN), os.environ["PATH"]])
    found = shutil.which(name, path=places)
    return found or pytest.skip(f"{name}: not found; Debian, Ubuntu: apt install postgresql")
