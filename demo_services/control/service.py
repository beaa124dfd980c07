"""Routes of control: Alertmanager posts, people and programs read."""

from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from demo_services.control.inbox import Inbox
from demo_services.control.notification import Notification
from demo_services.control.page import render
from demo_services.health import health_routes
from demo_services.settings import Settings
from instrumentation import instrument

_NO_SCRIPT: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def create(_: Settings) -> FastAPI:
    """The service, ready to be served."""
    app = FastAPI(title="control")
    telemetry = instrument(app, service="control")
    inbox = Inbox(telemetry.registry)
    app.include_router(health_routes({}))

    @app.post("/alerts", status_code=204)
    async def receive(notification: Notification) -> Response:
        inbox.receive(notification)
        return Response(status_code=204)

    @app.get("/", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        return HTMLResponse(render(inbox), headers=_NO_SCRIPT)

    @app.get("/api/alerts")
    async def alerts() -> dict[str, object]:
        return {
            "watchdog": {"state": inbox.watchdog, "heard_at": inbox.watchdog_heard_at},
            "alerts": [
                {
                    "received_at": entry.received_at,
                    "receiver": entry.receiver,
                    **entry.alert.model_dump(),
                }
                for entry in inbox
            ],
        }

    return app
