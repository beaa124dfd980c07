"""Application of control: alert inbox, runbooks, service registry, configuration center."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse

from demo_services.control.configuration.access import Authorize, TokenError, by_token, read_token
from demo_services.control.configuration.center import Center
from demo_services.control.configuration.routes import PATHS, center_routes
from demo_services.control.configuration.storage import Storage, StorageError
from demo_services.control.inbox import Inbox
from demo_services.control.notification import Notification
from demo_services.control.pages import inbox_page
from demo_services.control.runbooks import runbook_routes
from demo_services.health import PROBE_PATHS, health_routes
from demo_services.registry.catalog import Catalog
from demo_services.registry.discovery import Discovery
from demo_services.registry.health_checks import Checker
from demo_services.registry.routes import UNRECORDED, registry_routes
from demo_services.settings import SettingError, Settings
from instrumentation import Settings as TelemetrySettings
from instrumentation import Telemetry, instrument


def create(settings: Settings) -> FastAPI:
    """Return the instrumented application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with checker.running(), registry:
            yield

    app = FastAPI(title="control", lifespan=lifespan)
    telemetry = instrument(
        app,
        service="control",
        exclude=(*PROBE_PATHS, *PATHS),
        settings=_without_registry_queries(),
    )
    catalog = Catalog(telemetry.registry)
    checker = Checker(catalog, settings.identity)
    registry = Discovery(settings, telemetry, service="control")
    app.include_router(registry_routes(catalog))
    app.include_router(inbox_routes(Inbox(telemetry.registry)))
    center = _center(settings, telemetry)
    app.include_router(center_routes(center, _authorize(settings)))

    def before_stop() -> None:
        catalog.end_waits()
        center.end_polls()

    app.state.before_stop = before_stop
    app.include_router(runbook_routes(settings.runbooks))
    app.include_router(health_routes({}))
    return app


def _without_registry_queries() -> TelemetrySettings:
    """Return the settings of the environment, with the queries of the registry excluded."""
    given = TelemetrySettings.from_env()
    return given._replace(excluded_urls=(*given.excluded_urls, UNRECORDED))


def _center(settings: Settings, telemetry: Telemetry) -> Center:
    try:
        return Center(Storage(settings.configuration_file), telemetry.registry)
    except StorageError as error:
        raise SettingError(f"{error}") from None


def _authorize(settings: Settings) -> Authorize:
    file = settings.configuration_token_file
    try:
        return by_token(read_token(file) if file else None)
    except TokenError as error:
        raise SettingError(f"{error}") from None


def inbox_routes(inbox: Inbox) -> APIRouter:
    """Return the routes that receive alerts, and show them as HTML and JSON."""
    routes = APIRouter()

    @routes.post("/alerts", status_code=204)
    async def receive(notification: Notification) -> Response:
        inbox.receive(notification)
        return Response(status_code=204)

    @routes.get("/", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        return inbox_page(inbox)

    @routes.get("/api/alerts")
    async def alerts() -> dict[str, object]:
        return {
            "watchdog": {"state": inbox.watchdog, "heard_at": inbox.watchdog_received_at},
            "alerts": [
                {
                    "received_at": entry.received_at,
                    "receiver": entry.receiver,
                    **entry.alert.model_dump(),
                }
                for entry in inbox
            ],
        }

    return routes
