"""Entry point of every service: settings from the environment, JSON logs, uvicorn."""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from demo_services.configuration.checking import ConfigurationError
from demo_services.database.statement import UnusableDatabaseError
from demo_services.hosts import HostCheck
from demo_services.settings import SettingError, Settings
from instrumentation import JSONFormatter, TraceContextFilter

STOP_WITHIN_SECONDS: Final = 3
"""Time for requests in flight to finish after a stop signal."""


def serve(service: str, create: Callable[[Settings], FastAPI]) -> None:
    """Serve the application of *service* until a signal. Exit with status 1 if it cannot start."""
    _log_json()
    try:
        settings = Settings.from_env(os.environ, service)
        app = create(settings)
    except (SettingError, ConfigurationError, UnusableDatabaseError) as error:
        sys.exit(f"{error}")
    server = _Server(
        app,
        HostCheck(app, settings.allowed_hosts),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
        **(settings.identity.server_options() if settings.identity else {}),
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after an orderly stop
        server.run()
    if not server.started:
        sys.exit(1)


class _Server(uvicorn.Server):
    """Server that announces a stop signal to the application.

    Uvicorn waits for requests before it ends the lifespan, so a request that waits for long has to
    learn of the stop before.

    Args:
        app: Its state may have a function ``before_stop``, called in the event loop's thread.
        served: The application within its middleware.
        options: Options of `uvicorn.Config`.
    """

    def __init__(self, app: FastAPI, served: ASGIApp, **options: Any) -> None:
        super().__init__(uvicorn.Config(served, **options))
        self._before_stop = getattr(app.state, "before_stop", None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Announce the stop, then stop."""
        if self._before_stop:
            self._before_stop()
        super().handle_exit(sig, frame)


def _log_json() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    handler.addFilter(TraceContextFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
