"""Application of traffic: the load generator with its metrics."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI

from demo_services.health import health_routes, peer_check
from demo_services.metrics import counter
from demo_services.settings import Settings
from demo_services.traffic.generator import Generator
from demo_services.traffic.scenarios import SCENARIOS
from instrumentation import instrument

_SEED: Final = "traffic"
_OUTCOMES: Final = ("ok", "client_error", "server_error", "timeout", "unreachable", "shed")


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sending = asyncio.create_task(generator.run())
        yield
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending

    app = FastAPI(title="traffic", lifespan=lifespan)
    # No client is traced, so that every request starts a trace at the gateway.
    telemetry = instrument(app, service="traffic", clients=())
    app.include_router(
        health_routes({"gateway": peer_check(settings.gateway_url, settings.identity)})
    )

    requests = counter("traffic_requests", telemetry.registry)
    for scenario in SCENARIOS:
        for result in _OUTCOMES:
            requests.labels(scenario.name, result)
    generator = Generator(
        settings.gateway_url,
        identity=settings.identity,
        rate=settings.traffic_rate,
        count=lambda scenario, result: requests.labels(scenario, result).inc(),
        rng=random.Random(_SEED),
    )
    return app
