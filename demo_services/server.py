"""One way to run a service: settings from the environment, JSON logs, uvicorn."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

from demo_services.database import DatabaseUnusable
from demo_services.hosts import HostCheck
from demo_services.settings import SettingError, Settings
from instrumentation import JSONFormatter, TraceContextFilter

STOP_WITHIN_SECONDS: Final = 3
"""How long requests in flight may take once the service is told to stop."""


def serve(create: Callable[[Settings], FastAPI], *, needs: tuple[str, ...] = ()) -> None:
    """Serve the app of *create* until a signal; exit status 1 when it cannot start.

    Args:
        create: Makes the app; a service's own function of that name.
        needs: Variables that this service cannot do without.
    """
    _log_json()
    try:
        settings = Settings.from_env(os.environ, needs=needs)
        app = create(settings)
    except (SettingError, DatabaseUnusable) as error:
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
