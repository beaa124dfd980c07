"""Application of the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from demo_services.gateway.report import report_routes
from demo_services.gateway.routes import order_routes, user_routes
from demo_services.health import health_routes, peer_check
from demo_services.peer import Peer, PeerError, answer_peer_error
from demo_services.settings import Settings
from instrumentation import instrument

PEER_TIMEOUT_SECONDS: Final = 2.5
"""Longer than the timeout of orders for users, so that orders can report the slow service first."""


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""
    identity, timeout_seconds = settings.identity, PEER_TIMEOUT_SECONDS
    orders = Peer("orders", settings.orders_url, identity=identity, timeout_seconds=timeout_seconds)
    users = Peer("users", settings.users_url, identity=identity, timeout_seconds=timeout_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with orders, users:
            yield

    app = FastAPI(title="gateway", lifespan=lifespan)
    # Without `requests`: `report.py` injects the context by hand.
    telemetry = instrument(app, service="gateway", clients=("aiohttp",))
    app.add_exception_handler(PeerError, answer_peer_error)
    app.include_router(order_routes(orders))
    app.include_router(user_routes(users, orders))
    app.include_router(report_routes(settings.orders_url, identity, telemetry.tracer))
    checks = {
        "orders": peer_check(settings.orders_url, identity),
        "users": peer_check(settings.users_url, identity),
    }
    app.include_router(health_routes(checks))
    return app
