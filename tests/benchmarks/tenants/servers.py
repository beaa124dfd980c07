"""Servers of the benchmark, with one worker that runs the hostile service."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.ports import free_ports
from tests.waiting import until

ROOT: Final = Path(__file__).parents[3]
APP: Final = "tests.benchmarks.tenants.service:app"
READY_WITHIN_SECONDS: Final = 30
STOPS_WITHIN_SECONDS: Final = 15


def uvicorn(loop: str, http: str) -> tuple[str, ...]:
    """Return the command line of uvicorn without the port."""
    options = ("--loop", loop, "--http", http, "--log-level", "critical", "--port")
    return ("-m", "uvicorn", APP, *options)


HYPERCORN: Final = ("-m", "hypercorn", APP, "--log-level", "CRITICAL", "--bind")
GRANIAN: Final = ("-m", "granian", "--interface", "asgi", APP, "--log-level", "critical", "--port")

SERVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "uvicorn, asyncio, h11": uvicorn("asyncio", "h11"),
    "uvicorn, asyncio, httptools": uvicorn("asyncio", "httptools"),
    "uvicorn, uvloop, h11": uvicorn("uvloop", "h11"),
    "uvicorn, uvloop, httptools": uvicorn("uvloop", "httptools"),
    "hypercorn": HYPERCORN,
    "granian": GRANIAN,
}
"""Command lines by name, without the port."""


@contextmanager
def running(name: str, *, collector: int) -> Iterator[int]:
    """Run the server *name* with export to port *collector*, and yield its port."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}" if name == "hypercorn" else str(port)
    with subprocess.Popen(
        [sys.executable, *SERVERS[name], address],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            until(lambda: verdict(port), within_seconds=READY_WITHIN_SECONDS)
            yield port
        finally:
            server.terminate()
            stop(server)


def verdict(port: int) -> dict[str, Any]:
    """Return the counts of the service's outermost layer.

    Raises:
        ConnectionError: The server does not listen.
    """
    try:
        answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/verdict", timeout=10).json()
    except httpx.TransportError as error:
        raise ConnectionError(port) from error
    return answer


def stop(server: subprocess.Popen[bytes]) -> None:
    """Wait until *server* exits, and kill it after a timeout."""
    try:
        server.wait(STOPS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
