"""PostgreSQL of the distribution for tests: a server of its own on loopback."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from tests.ports import free_ports
from tests.waiting import until

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
"""Folders in which Debian and Ubuntu install the programs of a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Running server."""

    url: str
    _names: "count[int]" = field(default_factory=lambda: count(1))

    def database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"shop{next(self._names)}"
        asyncio.run(self._create(name))
        return f"{self.url}/{name}"

    async def _create(self, name: str) -> None:
        connection = await asyncpg.connect(f"{self.url}/postgres")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a server until the block ends. Without its programs, skip the test."""
    initdb, server = program("initdb"), program("postgres")
    (port,) = free_ports(1)
    data = folder / "data"
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    if user:
        open_to(user, folder)
    create = [initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
    subprocess.run(create, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
    serve = [server, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F"]
    process = subprocess.Popen(
        serve, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        found = Server(url=f"postgresql://postgres@127.0.0.1:{port}")
        until(lambda: asyncio.run(answers(found)), within_seconds=60)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=60)


async def answers(server: Server) -> bool:
    """Return true if the server accepts connections."""
    try:
        connection = await asyncpg.connect(f"{server.url}/postgres")
    except asyncpg.CannotConnectNowError:
        return False
    await connection.close()
    return True


def program(name: str) -> str:
    """Return the path of a program of the server. Without it, skip the test, which CI refuses."""
    places = os.pathsep.join([*map(str, DEBIAN), os.environ["PATH"]])
    found = shutil.which(name, path=places)
    return found or pytest.skip(f"{name}: not found; Debian, Ubuntu: apt install postgresql")


def open_to(user: str, folder: Path) -> None:
    """Give *folder* to *user*, who may also enter the folders above it."""
    shutil.chown(folder, user)
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
