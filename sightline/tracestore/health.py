"""Health port, with the answer of the collector's health extension."""

from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.query.responses import jaeger_app, json_answer


def health_app() -> Starlette:
    """Return the application of the health port; it answers once every port listens."""
    started = datetime.now(UTC).isoformat().replace("+00:00", "Z")

    async def status(_request: Request) -> Response:
        times = {"start_time": started, "status_time": started}
        return json_answer({**times, "healthy": True, "status": "StatusOK", "attributes": {}})

    return jaeger_app([Route("/status", status)])
