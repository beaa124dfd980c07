"""Series that this repository emits, found by running every emitter.

`python -m tests.emitters` instruments an app, uses each part of the library once, runs the demo
services that have metrics of their own, and writes the names of their series, as JSON, to standard
output. It takes a process of its own, because it instruments HTTP clients.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
import requests
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from demo_services.control import service as control
from demo_services.gateway import service as gateway
from demo_services.orders import service as orders
from demo_services.settings import Settings
from demo_services.traffic import service as traffic
from demo_services.users import service as users
from instrumentation import Telemetry, instrument, resend_count
from instrumentation._support.asgi_types import ASGIApp
from instrumentation.database import Database, Pool
from instrumentation.grpc import ServerInterceptor, client_interceptors
from instrumentation.messaging import Channel
from sightline.artifacts import ROOT
from tests.asgi import answer, scope

UNREACHABLE: Final = "http://127.0.0.1:9"
ENVIRON: Final = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": UNREACHABLE,
    "OTEL_BSP_MAX_QUEUE_SIZE": "100",
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(ROOT),
}
WITHIN_SECONDS: Final = 60.0
EXPORT_SECONDS: Final = 0.5
"""Time for an attempt to export, which fails."""
LIBRARY: Final = "instrumentation"
SERVICES: Final = "services"


def emitted() -> dict[str, set[str]]:
    """Return the names of the series by emitter: `LIBRARY` or `SERVICES`."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.emitters"],
        env={name: os.environ[name] for name in os.environ if name.startswith("COVERAGE")}
        | ENVIRON,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=WITHIN_SECONDS,
    )
    return {emitter: set(names) for emitter, names in json.loads(found.stdout).items()}


def page(app: ASGIApp, *posted: tuple[str, object], method: str = "POST") -> Iterator[str]:
    """Send each path and body of *posted* to *app*, and yield the series of its metrics page."""
    for path, body in posted:
        sent = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
        headers = [(b"content-type", b"application/json")]
        asyncio.run(answer(app, scope(path, method=method, headers=headers), sent))
    messages, _ = asyncio.run(answer(app, scope("/metrics")))
    text = b"".join(message.get("body", b"") for message in messages).decode()
    for family in text_string_to_metric_families(text):
        yield from (sample.name for sample in family.samples)


def library() -> Iterator[str]:
    """Yield the series of a service that uses each part of the library."""
    app = FastAPI()
    telemetry = instrument(app, service="emitters")

    @app.post("/items")
    async def add(item: dict[str, int]) -> dict[str, int]:
        return item

    with contextlib.suppress(requests.ConnectionError), resend_count(1):
        requests.get(UNREACHABLE, timeout=1)
    channel = Channel(telemetry, system="kafka", destination="orders")
    message: dict[str, str] = {}
    with channel.sending(message), channel.processing(message):
        pass
    pool = Pool(telemetry, "orders", limit=1)
    with pool.waiting(), Database(telemetry, system="sqlite").operation("SELECT", "orders"):
        pool.count(used=1, idle=0)
    asyncio.run(call(telemetry))
    telemetry.flush(EXPORT_SECONDS)
    yield from page(app, ("/items", {"count": 1}))
    telemetry.shutdown(EXPORT_SECONDS)


async def call(telemetry: Telemetry) -> None:
    """Call a gRPC server of this process once."""

    async def echo(request: bytes, _: object) -> bytes:
        return request

    server: Any = grpc.aio.server(interceptors=[ServerInterceptor(telemetry)])
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    service = grpc.method_handlers_generic_handler("shop.Shelf", handlers)
    server.add_generic_rpc_handlers((service,))
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    interceptors = client_interceptors(telemetry, target)
    channel: Any  # its type requires serializers
    async with grpc.aio.insecure_channel(target, interceptors=interceptors) as channel:
        await channel.unary_unary("/shop.Shelf/Echo")(b"x")
    await server.stop(None)


def services() -> Iterator[str]:
    """Yield the series of the demo services."""
    environ = {
        "PORT": "9",
        "GRPC_PORT": "9",
        "TRAFFIC_RATE": "0",
        "GATEWAY_URL": UNREACHABLE,
        "USERS_GRPC_TARGET": "127.0.0.1:9",
        "ORDERS_URL": UNREACHABLE,
        "USERS_URL": UNREACHABLE,
        "LIMITER_URL": "redis://127.0.0.1:9",
        "REGISTRY_URL": UNREACHABLE,
    }
    alert = {
        "status": "firing",
        "labels": {"alertname": "Watchdog", "severity": "none"},
        "annotations": {},
        "startsAt": "2026-11-25T11:59:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "1",
    }
    notified = {"version": "4", "receiver": "control", "alerts": [alert]}
    registered = {"Name": "users", "Address": "127.0.0.1", "Port": 9}
    inbox = control.create(Settings.from_env(environ, "control"))
    yield from page(inbox, ("/alerts", notified))
    yield from page(inbox, ("/v1/agent/service/register", registered), method="PUT")
    yield from page(orders.create(Settings.from_env(environ, "orders")))
    yield from page(traffic.create(Settings.from_env(environ, "traffic")))
    yield from page(gateway.create(Settings.from_env(environ, "gateway")))
    yield from page(users.create(Settings.from_env(environ, "users")))


def main() -> None:
    """Write the series of each emitter."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        limit = Path(folder) / "memory.max"  # present on a machine without a limit, too
        limit.write_text("1073741824\n")
        patch.setattr("instrumentation._metrics.runtime.CGROUP_FILES", (limit,))
        patch.setenv("SERVER_SOFTWARE", "gunicorn/23")  # the page of a service with workers
        found = {LIBRARY: sorted(set(library()))}
        patch.setenv("OTEL_TRACES_EXPORTER", "none")
        found[SERVICES] = sorted(set(services()))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
