"""Whether the process is up, as the collector's health extension says it."""

import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.go_values import rfc3339
from sightline.tracestore.responses import go_app, json_answer


def health_app() -> Starlette:
    """The application on the health port: it answers once everything listens."""
    started = rfc3339(time.time_ns())

    async def status(_request: Request) -> Response:
        times = {"start_time": started, "status_time": started}
        return json_answer({**times, "healthy": True, "status": "StatusOK", "attributes": {}})

    return go_app([Route("/status", status)])
