"""Application of orders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from demo_services.health import health_routes, peer_check
from demo_services.orders.routes import order_routes, report_routes
from demo_services.orders.store import OrderStore
from demo_services.peer import Peer, PeerError, answer_peer_error
from demo_services.settings import Settings
from instrumentation import instrument

USERS_TIMEOUT_SECONDS: Final = 1.5


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""
    identity = settings.identity
    users = Peer(
        "users", settings.users_url, identity=identity, timeout_seconds=USERS_TIMEOUT_SECONDS
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with store.database:
            async with users:
                yield

    app = FastAPI(title="orders", lifespan=lifespan)
    telemetry = instrument(app, service="orders")
    store = OrderStore(settings.database, telemetry.tracer)
    app.add_exception_handler(PeerError, answer_peer_error)
    app.include_router(order_routes(store, users))
    app.include_router(report_routes(store, telemetry.tracer))
    checks = {
        "database": store.database.answers,
        "users": peer_check(settings.users_url, identity),
    }
    app.include_router(health_routes(checks))
    return app
