"""Redis or Valkey of the distribution for tests: a server of its own on loopback."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.ports import free_ports
from tests.waiting import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Running server."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a server until the block ends. Without its program, skip the test."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("requires redis-server or valkey-server: apt install redis-server")
    (port,) = free_ports(1)
    place = ["--port", f"{port}", "--bind", "127.0.0.1", "--save", "", "--dir", f"{folder}"]
    process = subprocess.Popen([program, *place], stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)
        until(client.ping, within_seconds=30)
        client.close()
        yield Server(url=f"redis://127.0.0.1:{port}", process=process)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
