"""Middleware for apps that `instrument()` does not accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instrumentation._server.asgi import Middleware
from instrumentation._setup.telemetry import Telemetry, pipeline_of

if TYPE_CHECKING:
    from instrumentation._support.asgi_types import ASGIApp


class TelemetryMiddleware(Middleware):
    """Middleware for any ASGI app.

    Args:
        app: App to wrap.
        telemetry: Telemetry of the service.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        super().__init__(app, pipeline_of(telemetry))
