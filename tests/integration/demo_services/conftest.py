"""Demo services as processes on loopback, with a collector that records every span."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pytest

from demo_services.probe import answers
from sightline.artifacts import ROOT
from tests import postgresql, tokens
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
    target: str
    """Host and port of its gRPC server, if it has one."""
    log: Path
    issuer: str
    """Base URL of users, which issues its tokens, or path of the key of HS256."""

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=10)

    def token(self) -> dict[str, str]:
        """Return the header with a token that allows everything."""
        by_url = self.issuer.startswith("http")
        return tokens.bearer(self.issuer) if by_url else tokens.shared(Path(self.issuer))

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: object, **headers: str) -> httpx.Response:
        """Send *body* with a token."""
        headers = {**self.token(), **headers}
        return httpx.request(method, f"{self.url}{path}", json=body, headers=headers, timeout=10)

    def anonymous(self, method: str, path: str, body: object) -> httpx.Response:
        """Send *body* without a token."""
        return httpx.request(method, f"{self.url}{path}", json=body, timeout=10)

    def samples(self, series: str) -> dict[str, float]:
        """Return the samples of *series* on the metrics page by their labels, as text."""
        lines = self.get("/metrics").text.splitlines()
        found = (line.rpartition(" ") for line in lines if line.startswith(f"{series}{{"))
        return {name.removeprefix(series): float(value) for name, _, value in found}

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
    port, grpc_port = map(str, free_ports(2))
    environ = {"PORT": port, "GRPC_PORT": grpc_port, **environ}
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
        target = f"localhost:{environ['GRPC_PORT']}"
        issuer = environ.get("JWT_KEY_FILE") or environ.get("USERS_URL") or url
        yield Service(name=name, process=process, url=url, target=target, log=log, issuer=issuer)
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


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """PostgreSQL of the distribution."""
    with postgresql.running() as running_server:
        yield running_server


def lone_gateway(start: Start, **environ: str) -> Service:
    """Start a gateway that reaches no other service. Its quotas are not used yet.

    It verifies tokens with a key of HS256, because it cannot read the key set of users.
    """
    closed = {
        "ORDERS_URL": "http://127.0.0.1:9",
        "USERS_URL": "http://127.0.0.1:9",
        "USERS_GRPC_TARGET": "127.0.0.1:9",
        "JWT_ALG": "HS256",
        "JWT_KEY_FILE": str(Path(mkdtemp()) / "key"),
    }
    tokens.shared(Path(closed["JWT_KEY_FILE"]))
    gateway = start("gateway", ready=False, **closed, **environ)
    until(gateway.alive, within_seconds=STARTED_WITHIN_SECONDS)
    return gateway


def calling(users: Service) -> dict[str, str]:
    """Return the variables of a service that calls *users*."""
    return {"USERS_URL": users.url, "USERS_GRPC_TARGET": users.target}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Running services of the shop."""

    gateway: Service
    orders: Service
    users: Service


@pytest.fixture(scope="module")
def shop(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    bus = f"sqlite:///{tmp_path_factory.mktemp('bus')}/bus.db"
    users = start("users", BUS_URL=bus)
    orders = start("orders", **calling(users), BUS_URL=bus)
    gateway = start(
        "gateway",
        **calling(users),
        ORDERS_URL=orders.url,
    )
    return Shop(gateway=gateway, orders=orders, users=users)
