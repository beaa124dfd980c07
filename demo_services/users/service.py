"""Application of users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from demo_services.auth import scopes
from demo_services.auth.issuer import issuer_routes
from demo_services.auth.middleware import Authentication
from demo_services.auth.rpc import AuthenticationInterceptor
from demo_services.auth.signer import Signer
from demo_services.auth.sources import local_verifier
from demo_services.configuration.current import Configuration
from demo_services.configuration.models import UsersConfiguration
from demo_services.database.opening import open_database
from demo_services.database.response import answer_unavailable
from demo_services.database.statement import UnavailableError
from demo_services.events.event import ORDER_CREATED
from demo_services.events.service import Events
from demo_services.health import health_routes
from demo_services.registry.discovery import Discovery
from demo_services.rpc import SERVICE
from demo_services.rpc.server import serving
from demo_services.rpc.users_pb2_grpc import add_UserServiceServicer_to_server
from demo_services.settings import Settings
from demo_services.users.changes import Changes
from demo_services.users.loyalty import LoyaltyStore, loyalty_routes
from demo_services.users.routes import user_routes
from demo_services.users.rpc import UserService
from demo_services.users.store import UserStore
from instrumentation import instrument


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with database, events, signer, tokens, grpc_server, configuration, registry:
            yield

    app = FastAPI(title="users", lifespan=lifespan)
    telemetry = instrument(app, service="users")
    registry = Discovery(settings, telemetry, service="users")
    configuration = Configuration(
        UsersConfiguration, settings.configuration, telemetry, identity=settings.identity
    )
    database = open_database(
        settings.database,
        telemetry,
        name="users",
        password=lambda: configuration.value.database.clear_password,
    )

    def apply(current: UsersConfiguration) -> None:
        database.latency_factor = current.database.latency_factor

    configuration.subscribe(apply)
    events = Events(settings.bus, database, telemetry, service="users")
    store = UserStore(database, events.outbox)
    loyalty = LoyaltyStore(database)
    events.subscribe(ORDER_CREATED, loyalty.add)
    app.add_exception_handler(UnavailableError, answer_unavailable)
    changes = Changes()
    signer = Signer(database, settings.auth)
    tokens = local_verifier(settings.auth, telemetry, signer.store.public_keys, service="users")
    app.add_middleware(Authentication, verifier=tokens, rules=scopes.USERS)
    grpc_server = serving(
        partial(add_UserServiceServicer_to_server, UserService(store, changes)),
        name=SERVICE,
        settings=settings,
        telemetry=telemetry,
        interceptors=[AuthenticationInterceptor(tokens, SERVICE)],
    )
    app.include_router(issuer_routes(signer, database, settings.auth, telemetry))
    app.include_router(user_routes(store, changes))
    app.include_router(loyalty_routes(loyalty))
    app.include_router(events.routes())
    checks = {"database": database.answers, "events": events.running}
    app.include_router(health_routes(checks))
    return app
