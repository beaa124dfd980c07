"""Application of the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware

from demo_services.gateway.middleware import AccessLog, BodyLimit, RateLimits
from demo_services.gateway.policies import POLICIES
from demo_services.gateway.report import report_routes
from demo_services.gateway.routes import order_routes, user_routes
from demo_services.gateway.streams import stream_routes
from demo_services.health import health_routes, peer_checks
from demo_services.limits.policy import limits
from demo_services.peer import Peer, PeerError, answer_peer_error
from demo_services.registry.discovery import Discovery
from demo_services.rpc.client import UsersClient
from demo_services.settings import Settings
from instrumentation import instrument

PEER_TIMEOUT_SECONDS: Final = 2.5
"""Longer than the timeout of orders for users, so that orders can report the slow service first."""
RPC_TIMEOUT_SECONDS: Final = 1.5
"""Deadline of a call to users. A watch has its own."""


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with orders, users, users_rpc, registry:
            yield

    app = FastAPI(title="gateway", lifespan=lifespan)
    # The report calls orders by `requests`, and makes the span of that call by hand.
    telemetry = instrument(app, service="gateway", clients=("aiohttp",))
    identity = settings.identity
    registry = Discovery(settings, telemetry, service="gateway")
    orders, users = (
        Peer(name, registry.urls[name], identity=identity, timeout_seconds=PEER_TIMEOUT_SECONDS)
        for name in ("orders", "users")
    )
    users_rpc = UsersClient(
        registry.targets["users"],
        identity=identity,
        telemetry=telemetry,
        timeout_seconds=RPC_TIMEOUT_SECONDS,
    )
    # Starlette calls the last one first.
    for middleware in reversed(chain(settings, telemetry.registry)):
        app.add_middleware(middleware.cls, *middleware.args, **middleware.kwargs)
    app.add_exception_handler(PeerError, answer_peer_error)
    app.include_router(order_routes(orders))
    app.include_router(stream_routes(users_rpc))
    app.include_router(user_routes(users, orders))
    app.include_router(report_routes(registry.urls["orders"], identity, telemetry.tracer))
    app.include_router(health_routes(peer_checks(registry.urls, identity)))
    return app


def chain(settings: Settings, registry: CollectorRegistry) -> tuple[Middleware, ...]:
    """Return the middleware in the order in which requests pass it."""
    return (
        Middleware(AccessLog),
        Middleware(BodyLimit),
        Middleware(RateLimits, limits=limits(POLICIES, settings.limiter_url, registry)),
    )
