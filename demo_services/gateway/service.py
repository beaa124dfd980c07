"""Application of the gateway."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Self

from fastapi import FastAPI
from starlette.middleware import Middleware

from demo_services.auth import scopes
from demo_services.auth.middleware import Authentication
from demo_services.auth.sources import verifier
from demo_services.auth.verifier import Verifier
from demo_services.configuration.current import Configuration
from demo_services.configuration.models import GatewayConfiguration, GatewayTimeouts
from demo_services.gateway.middleware import AccessLog, BodyLimit, RateLimits
from demo_services.gateway.oauth import oauth_routes
from demo_services.gateway.policies import policies
from demo_services.gateway.report import report_routes
from demo_services.gateway.routes import order_routes, user_routes
from demo_services.gateway.streams import stream_routes
from demo_services.health import health_routes, peer_checks
from demo_services.limits.policy import Limits
from demo_services.peer import Peer, PeerError, answer_peer_error
from demo_services.registry.discovery import Discovery
from demo_services.rpc.client import UsersClient
from demo_services.settings import Settings
from instrumentation import Telemetry, instrument


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""
    identity = settings.identity

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with clients.open(), aclosing(limits), tokens, configuration, registry:
            yield

    app = FastAPI(title="gateway", lifespan=lifespan)
    # The report calls orders by `requests`, and makes the span of that call by hand.
    telemetry = instrument(app, service="gateway", clients=("aiohttp",))
    registry = Discovery(settings, telemetry, service="gateway")
    configuration = Configuration(
        GatewayConfiguration, settings.configuration, telemetry, identity=identity
    )
    current = configuration.value
    clients = _Clients.create(settings, telemetry, registry, current.timeouts)
    tokens = verifier(settings, telemetry, registry.urls["users"], service="gateway")
    limits = Limits(policies(current.limits.quotas()), settings.limiter_url, telemetry.registry)

    def apply(changed: GatewayConfiguration) -> None:
        clients.use(changed.timeouts)
        limits.use(changed.limits.quotas())

    configuration.subscribe(apply)
    # Starlette calls the last one first.
    for middleware in reversed(chain(limits, tokens)):
        app.add_middleware(middleware.cls, *middleware.args, **middleware.kwargs)
    app.add_exception_handler(PeerError, answer_peer_error)
    app.include_router(oauth_routes(clients.users))
    app.include_router(order_routes(clients.orders))
    app.include_router(stream_routes(clients.users_rpc))
    app.include_router(user_routes(clients.users, clients.orders))
    app.include_router(
        report_routes(
            registry.urls["orders"],
            identity,
            telemetry.tracer,
            lambda: configuration.value.timeouts.report_seconds,
        )
    )
    app.include_router(health_routes(peer_checks(registry.urls, identity)))
    return app


def chain(limits: Limits, tokens: Verifier) -> tuple[Middleware, ...]:
    """Return the middleware in the order in which requests pass it."""
    return (
        Middleware(AccessLog),
        Middleware(BodyLimit),
        Middleware(Authentication, verifier=tokens, rules=scopes.GATEWAY),
        Middleware(RateLimits, limits=limits),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clients:
    """Clients of the services behind the gateway."""

    orders: Peer
    users: Peer
    users_rpc: UsersClient

    @classmethod
    def create(
        cls,
        settings: Settings,
        telemetry: Telemetry,
        registry: Discovery,
        timeouts: GatewayTimeouts,
    ) -> Self:
        orders, users = (
            Peer(
                name,
                registry.urls[name],
                identity=settings.identity,
                timeout_seconds=timeouts.peer_seconds,
            )
            for name in ("orders", "users")
        )
        users_rpc = UsersClient(
            registry.targets["users"],
            identity=settings.identity,
            telemetry=telemetry,
            timeout_seconds=timeouts.rpc_seconds,
        )
        return cls(orders=orders, users=users, users_rpc=users_rpc)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with self.orders, self.users, self.users_rpc:
            yield

    def use(self, timeouts: GatewayTimeouts) -> None:
        self.orders.timeout_seconds = self.users.timeout_seconds = timeouts.peer_seconds
        self.users_rpc.timeout_seconds = timeouts.rpc_seconds
