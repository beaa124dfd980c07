"""Application of users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from demo_services.health import health_routes
from demo_services.settings import Settings
from demo_services.users.routes import user_routes
from demo_services.users.store import UserStore
from instrumentation import instrument


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with store.database:
            yield

    app = FastAPI(title="users", lifespan=lifespan)
    telemetry = instrument(app, service="users")
    store = UserStore(settings.database, telemetry.tracer)
    app.include_router(user_routes(store))
    app.include_router(health_routes({"database": store.database.answers}))
    return app
