"""Real Jaeger from PATH, for `make jaeger-test`. CI does not have the program."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo_services.probe import answers
from sightline.artifacts import JAEGER, ROOT
from tests.integration.demo_services.conftest import Shop, running
from tests.overlay_secrets import make_secrets
from tests.ports import free_ports
from tests.waiting import until

PLAIN = (JAEGER / "config.yaml",)
SAMPLED = (*PLAIN, JAEGER / "tail-sampling.yaml")
SECURE = (*PLAIN, ROOT / "deploy" / "compose" / "secure" / "jaeger.yaml")

PORTS = (
    *("JAEGER_QUERY_PORT", "JAEGER_QUERY_GRPC_PORT", "OTLP_GRPC_PORT", "OTLP_HTTP_PORT"),
    *("JAEGER_SAMPLING_PORT", "JAEGER_METRICS_PORT", "JAEGER_SPAN_METRICS_PORT"),
    "JAEGER_HEALTH_PORT",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jaeger:
    """Running Jaeger."""

    process: subprocess.Popen[bytes]
    ports: dict[str, int]
    log: Path

    def url(self, name: str, *, scheme: str = "http") -> str:
        return f"{scheme}://localhost:{self.ports[name]}"

    def stop_seconds(self) -> float:
        """Stop it and return the seconds that it took."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout=30)
        return time.monotonic() - began


def program() -> str:
    found = shutil.which("jaeger")
    assert found, "no `jaeger` on PATH: put the release's binary there, version 2.20"
    return found


def arguments(files: tuple[Path, ...]) -> list[str]:
    return [word for file in files for word in ("--config", str(file))]


@contextmanager
def running_jaeger(files: tuple[Path, ...], folder: Path, secrets: Path) -> Iterator[Jaeger]:
    """Run a Jaeger with the merged *files*, and wait until it is healthy."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    environ = {
        "JAEGER_CONFIG_DIR": str(JAEGER),
        "JAEGER_UI_DIR": str(JAEGER),
        "JAEGER_DATA": str(folder / "data"),
        "JAEGER_LISTEN": "127.0.0.1",
        "JAEGER_SECURE_DIR": str(secrets / "jaeger"),
        "OTEL_TRACES_SAMPLER": "always_off",
        "GOMEMLIMIT": "450MiB",
        **{name: str(port) for name, port in ports.items()},
    }
    log = folder / "jaeger.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [program(), *arguments(files)],
            env={**os.environ, **environ},
            stdout=output,
            stderr=output,
        )
    try:
        health = f"http://127.0.0.1:{ports['JAEGER_HEALTH_PORT']}/status"
        until(lambda: answers(health), within_seconds=60)
        yield Jaeger(process=process, ports=ports, log=log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_secrets(tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def start(secrets: Path, tmp_path: Path) -> Iterator[Callable[[tuple[Path, ...]], Jaeger]]:
    """Function that starts a Jaeger for one test."""
    with ExitStack() as started:
        yield lambda files: started.enter_context(running_jaeger(files, tmp_path, secrets))


@pytest.fixture
def shop_at(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """Function that starts the shop with export to an endpoint."""
    with ExitStack() as started:

        def start_shop(endpoint: str, **environ: str) -> Shop:
            environment = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                "OTEL_BSP_SCHEDULE_DELAY": "200",
            }
            environment |= environ
            users = started.enter_context(running("users", tmp_path, **environment))
            environment |= {"USERS_URL": users.url, "USERS_GRPC_TARGET": users.target}
            orders = started.enter_context(running("orders", tmp_path, **environment))
            environment["ORDERS_URL"] = orders.url
            gateway = started.enter_context(running("gateway", tmp_path, **environment))
            for service in (users, orders, gateway):
                until(service.ready, within_seconds=60)
            return Shop(gateway=gateway, orders=orders, users=users)

        yield start_shop
