"""Application of traffic: the load generator with its metrics."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI

from demo_services.health import health_routes, peer_checks
from demo_services.metrics import counter, histogram
from demo_services.registry.discovery import Discovery
from demo_services.settings import Settings
from demo_services.traffic.generator import Gateway, Generator
from demo_services.traffic.profiles import Load
from demo_services.traffic.scenarios import SCENARIOS
from instrumentation import instrument
from instrumentation.service_metrics import TRAFFIC_REQUEST_DURATION_SECONDS, TRAFFIC_REQUESTS

_SEED: Final = "traffic"
_OUTCOMES: Final = ("ok", "client_error", "server_error", "timeout", "unreachable", "shed")


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sending = asyncio.create_task(generator.run())
        async with registry:
            yield
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending

    app = FastAPI(title="traffic", lifespan=lifespan)
    # No client is traced, so that every request starts a trace at the gateway.
    telemetry = instrument(app, service="traffic", clients=())
    registry = Discovery(settings, telemetry, service="traffic")
    app.include_router(health_routes(peer_checks(registry.urls, settings.identity)))

    requests = counter(TRAFFIC_REQUESTS, telemetry.registry)
    durations = histogram(TRAFFIC_REQUEST_DURATION_SECONDS, telemetry.registry)
    for scenario in SCENARIOS:
        durations.labels(scenario.name)
        for result in _OUTCOMES:
            requests.labels(scenario.name, result)

    def record(scenario: str, result: str, seconds: float) -> None:
        requests.labels(scenario, result).inc()
        if result != "shed":
            durations.labels(scenario).observe(seconds)

    generator = Generator(
        Gateway(
            url=settings.peers["gateway"],
            identity=settings.identity,
            client_secret=settings.auth.client_secret,
        ),
        load=Load(rate=settings.traffic_rate, profile=settings.traffic_profile),
        record=record,
        rng=random.Random(_SEED),
    )
    return app
