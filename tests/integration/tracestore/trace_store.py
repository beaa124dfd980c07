"""Trace store as a process with its own ports and directory."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from sightline.config import Ports
from tests.ports import free_ports
from tests.waiting import until

JSON = "application/json"
PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True, slots=True)
class Answer:
    """Response."""

    status: int
    content_type: str
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  any JSON
        return json.loads(self.body)


@dataclass(slots=True)
class TraceStore:
    """Running trace store."""

    ports: Ports
    environ: Mapping[str, str]
    """Environment of the process."""
    process: subprocess.Popen[bytes]

    def ask(
        self,
        path: str,
        *,
        port: int = 0,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; the default is the query port."""
        connection = HTTPConnection("127.0.0.1", port or self.ports.jaeger_query, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def send(self, body: bytes, content_type: str = PROTOBUF, **headers: str) -> Answer:
        """Send one OTLP/HTTP export; underscores in header names mean dashes."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(
            "/v1/traces",
            port=self.ports.otlp_http,
            method="POST",
            body=body,
            headers={"Content-Type": content_type, **given},
        )

    def metrics(self, port: int, accept: str = "") -> str:
        """Return the text of `/metrics`."""
        return self.ask("/metrics", port=port, headers={"Accept": accept}).body.decode()

    def kill(self) -> None:
        """Send SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)


def _answer(response: HTTPResponse) -> Answer:
    content_type = response.headers.get("Content-Type", "")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, content_type, headers, response.read())


@contextmanager
def running(folder: Path, *, wrapper: Sequence[str] = (), **environ: str) -> Iterator[TraceStore]:
    """A trace store with its files in *folder*, healthy; stopped at the end.

    *wrapper* is a command that executes its last arguments.
    """
    names = [field.name for field in fields(Ports)]
    ports = Ports(**dict(zip(names, free_ports(len(names)), strict=True)))
    variables = {f"{name.upper()}_PORT": str(port) for name, port in ports}
    variables |= {"TRACESTORE_PATH": str(folder / "traces.db"), **environ}
    process = subprocess.Popen(
        [*wrapper, sys.executable, "-m", "sightline.tracestore"], env={**os.environ, **variables}
    )
    store = TraceStore(ports, variables, process)
    try:
        until(lambda: _healthy(store), within_seconds=60)
        yield store
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process: kindly first, and in any case.

    Raises:
        TimeoutExpired: It had to be killed.
    """
    process.terminate()
    try:
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()


def _healthy(store: TraceStore) -> bool:
    assert store.process.poll() is None
    return store.ask("/status", port=store.ports.jaeger_health).status == 200
