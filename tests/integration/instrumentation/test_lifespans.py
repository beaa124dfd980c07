"""Lifespans of a service, as in its tests, without a collector on this machine."""

import asyncio
import time

from fastapi import FastAPI

from instrumentation import Settings, instrument
from tests.asgi import answer, scope
from tests.ports import free_ports

TESTS = 40
BUDGET_SECONDS = 3.0
"""Time that a service waits for a collector that it has reached before."""

LIFESPAN = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]


async def visit(app: FastAPI) -> None:
    await answer(app, scope("/"))
    await answer(app, {"type": "lifespan"}, LIFESPAN)


def test_a_lifespan_does_not_wait_for_a_collector_that_was_never_there() -> None:
    (closed,) = free_ports(1)
    app = FastAPI()
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{closed}"}
    telemetry = instrument(app, clients=(), settings=Settings.from_env(variables))

    started = time.monotonic()
    for _ in range(TESTS):
        asyncio.run(visit(app))

    assert telemetry.stats().queued == TESTS
    assert time.monotonic() - started < TESTS * BUDGET_SECONDS / 4
