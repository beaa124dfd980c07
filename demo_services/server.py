"""Entry point of every service: settings from the environment, JSON logs, uvicorn."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

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
    uvicorn.run(
        HostCheck(app, settings.allowed_hosts),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
        **(settings.identity.server_options() if settings.identity else {}),
    )


def _log_json() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    handler.addFilter(TraceContextFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
