"""Real services: uvicorn on loopback, exporting to an OTLP collector."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes import Collector
from tests.ports import free_ports
from tests.waiting import until

HERE = Path(__file__).parent
SERVER = Span.SPAN_KIND_SERVER
PORT = "{port}"
OPEN_METRICS = {"accept": "application/openmetrics-text;version=1.0.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Running service and the collector of its spans."""

    client: httpx.Client
    process: subprocess.Popen[bytes]
    collector: Collector
    before: int = 0
    """Number of spans of earlier tests, which are skipped."""

    def spans(self, count: int) -> list[Span]:
        """Wait for *count* spans and return all."""
        until(lambda: len(self._new()) >= count, within_seconds=30)
        return self._new()

    def server_spans(self, count: int) -> list[Span]:
        """Wait for *count* SERVER spans and return all."""
        until(lambda: len(self._new_server_spans()) >= count, within_seconds=30)
        return self._new_server_spans()

    def _new(self) -> list[Span]:
        return self.collector.spans[self.before :]

    def _new_server_spans(self) -> list[Span]:
        return [span for span in self._new() if span.kind == SERVER]

    def metrics(self) -> list[str]:
        """Scrape the service and return the lines."""
        return self.client.get("/metrics", headers=OPEN_METRICS).text.splitlines()


def server_spans(collector: Collector) -> list[Span]:
    """Return the SERVER spans that *collector* got."""
    return [span for span in collector.spans if span.kind == SERVER]


def attributes(span: Span) -> dict[str, str | int | bool | float]:
    """Return the scalar attributes by name."""
    return {item.key: scalar(item.value) for item in span.attributes}


def scalar(value: AnyValue) -> str | int | bool | float:
    """Return the field that is set."""
    found: str | int | bool | float = getattr(value, value.WhichOneof("value") or "string_value")
    return found


@contextmanager
def running(
    name: str,
    collector: Collector,
    *,
    before: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
    **environ: str,
) -> Iterator[Service]:
    """Run ``uvicorn apps:NAME`` until the end of the block; *before* precedes uvicorn."""
    command = (*before, "uvicorn", f"apps:{name}", "--no-access-log", "--port", PORT, *options)
    with serving(command, collector, **environ) as service:
        yield service


@contextmanager
def serving(command: tuple[str, ...], collector: Collector, **environ: str) -> Iterator[Service]:
    """Run ``python -m COMMAND`` until the end of the block; a free port replaces `PORT` in it."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", *(word.replace(PORT, str(port)) for word in command)],
        cwd=HERE,
        env={
            **os.environ,
            "PYTHONPATH": str(HERE.parents[2]),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_SERVICE_NAME": "shop",
            **environ,
        },
    )
    with process, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            until(lambda: is_up(client), within_seconds=30)
            yield Service(client=client, process=process, collector=collector)
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate the service, as an orchestrator does, with a timeout of ten seconds.

    Raises:
        TimeoutExpired: The service had to be killed.
    """
    process.terminate()
    try:
        process.wait(timeout=10)
    finally:
        process.kill()


def is_up(client: httpx.Client) -> bool:
    """Return True when the service is up, by a scrape, which creates no span."""
    try:
        return client.get("/metrics").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def collector() -> Iterator[Collector]:
    """OTLP collector on loopback."""
    with Collector() as started:
        yield started


@pytest.fixture(scope="module")
def running_shop() -> Iterator[Service]:
    """Instrumented shop, shared by the tests of a file."""
    with Collector() as collector, running("plain", collector) as service:
        yield service


@pytest.fixture
def shop(running_shop: Service) -> Service:
    """Instrumented shop, without the spans of earlier tests."""
    return replace(running_shop, before=len(running_shop.collector.spans))
