"""Demo services as processes on loopback, with a collector that records every span."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from demo_services.probe import answers
from sightline.artefacts import ROOT
from tests.fakes import Collector
from tests.ports import free_ports
from tests.waiting import until

STARTED_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Running demo service."""

    name: str
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=10)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=10)

    def alive(self) -> bool:
        return answers(f"{self.url}/healthz")

    def ready(self) -> bool:
        return answers(f"{self.url}/readyz")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


Start = Callable[..., Service]


@contextmanager
def running(name: str, folder: Path, **environ: str) -> Iterator[Service]:
    """Run `python -m demo_services.<name>` until the block ends."""
    environ = {"PORT": str(free_ports(1)[0]), **environ}
    log = folder / f"{name}-{environ['PORT']}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"demo_services.{name}"],
            cwd=ROOT,
            env={**os.environ, **environ},
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{environ['PORT']}"
        yield Service(name=name, process=process, url=url, log=log)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running_collector:
        yield running_collector


@pytest.fixture(scope="module")
def start(
    collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Service]]:
    """Function that starts a service and, unless ``ready=False``, waits until it is ready."""
    folder = tmp_path_factory.mktemp("shop")
    telemetry = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with ExitStack() as services:

        def start_one(name: str, *, ready: bool = True, **environ: str) -> Service:
            settings = {**telemetry, **environ}
            service = services.enter_context(running(name, folder, **settings))
            if ready:
                until(service.ready, within_seconds=STARTED_WITHIN_SECONDS)
            return service

        yield start_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Running services of the shop."""

    gateway: Service
    orders: Service
    users: Service


@pytest.fixture(scope="module")
def shop(start: Start) -> Shop:
    users = start("users")
    orders = start("orders", USERS_URL=users.url)
    gateway = start("gateway", USERS_URL=users.url, ORDERS_URL=orders.url)
    return Shop(gateway=gateway, orders=orders, users=users)
