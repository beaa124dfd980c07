"""Application of orders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from demo_services.auth import scopes
from demo_services.auth.middleware import Authentication
from demo_services.auth.sources import verifier
from demo_services.configuration.current import Configuration
from demo_services.configuration.models import OrdersConfiguration
from demo_services.database.opening import open_database
from demo_services.database.response import answer_unavailable
from demo_services.database.statement import UnavailableError
from demo_services.events.event import USER_UPDATED
from demo_services.events.service import Events
from demo_services.health import PROBE_PATHS, health_routes
from demo_services.orders.customers import Customers, customer_routes
from demo_services.orders.fulfilment import fulfilment
from demo_services.orders.owners import Owners
from demo_services.orders.report import PATH, report_routes
from demo_services.orders.routes import order_routes
from demo_services.orders.store import OrderStore
from demo_services.peer import PeerError, answer_peer_error
from demo_services.registry.discovery import Discovery
from demo_services.rpc.client import UsersClient
from demo_services.settings import Settings
from instrumentation import Telemetry, instrument


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with database, users, pool, events, tokens, configuration, registry:
            yield

    app = FastAPI(title="orders", lifespan=lifespan)
    telemetry = instrument(app, service="orders", exclude=(*PROBE_PATHS, PATH))
    registry = Discovery(settings, telemetry, service="orders")
    configuration = Configuration(
        OrdersConfiguration, settings.configuration, telemetry, identity=settings.identity
    )
    initial = configuration.value
    tokens = verifier(settings, telemetry, registry.urls["users"], service="orders")
    app.add_middleware(Authentication, verifier=tokens, rules=scopes.ORDERS)
    users = _users(settings, telemetry, registry, initial)
    database = open_database(
        settings.database,
        telemetry,
        name="orders",
        password=lambda: configuration.value.database.clear_password,
    )
    events = Events(settings.bus, database, telemetry, service="orders")
    store = OrderStore(database, events.outbox)
    customers = Customers(database)
    events.subscribe(USER_UPDATED, customers.keep)
    app.add_exception_handler(UnavailableError, answer_unavailable)
    app.add_exception_handler(PeerError, answer_peer_error)
    pool = fulfilment(store, telemetry, **initial.worker_pool.model_dump())
    owners = Owners(users, customers, initial.breaker.policy(), telemetry.registry)

    def apply(current: OrdersConfiguration) -> None:
        users.timeout_seconds = current.timeouts.users_seconds
        owners.breaker.use(current.breaker.policy())
        pool.resize(**current.worker_pool.model_dump())
        database.latency_factor = current.database.latency_factor

    configuration.subscribe(apply)
    app.include_router(order_routes(store, owners, pool))
    app.include_router(report_routes(store, telemetry.tracer))
    app.include_router(customer_routes(customers))
    app.include_router(events.routes())
    checks = {"database": database.answers, "events": events.running, "users": users.serves}
    app.include_router(health_routes(checks))
    return app


def _users(
    settings: Settings, telemetry: Telemetry, registry: Discovery, initial: OrdersConfiguration
) -> UsersClient:
    return UsersClient(
        registry.targets["users"],
        identity=settings.identity,
        telemetry=telemetry,
        timeout_seconds=initial.timeouts.users_seconds,
    )
