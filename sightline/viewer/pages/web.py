"""The viewer as a web application: routes and security headers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline.hosts import HostCheck
from sightline.viewer.model.folder import Folder
from sightline.viewer.model.settings import Settings
from sightline.viewer.pages import alerts, dashboards, markup, traces
from sightline.viewer.pages.common import PLOTLY_URL, folder_of, problem_page
from sightline.viewer.sources.apis import Sources

# Inline styles are allowed because Plotly inserts a style sheet and dashboards set colors.
# Scripts, requests and frames are limited to this server.
POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


def application(settings: Settings) -> Starlette:
    """Create the viewer for the sources in *settings*."""
    sources = Sources.from_settings(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await sources.close()

    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", dashboards.home),
            Route("/d/{uid}", dashboards.dashboard),
            Route("/d/{uid}/panels/{number:int}", dashboards.panel),
            Route("/d/{uid}/variables", dashboards.choices),
            Route("/d/{uid}/{slug}", dashboards.dashboard),
            Route("/traces", traces.search),
            Route("/trace/{trace_id}", traces.trace),
            Route("/map", traces.service_map),
            Route("/alerts", alerts.page),
            Route("/api/health", health),
            Route(PLOTLY_URL, plotly),
            Mount("/static", StaticFiles(directory=markup.STATIC)),
        ],
        exception_handlers={HTTPException: _not_found},
        middleware=[Middleware(Headers), Middleware(HostCheck, settings.allowed_hosts)],
    )
    app.state.settings = settings
    app.state.sources = sources
    app.state.folder = Folder(settings.dashboards)
    return app


class Headers:
    """Middleware that adds the security headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app and add the headers to its response."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


async def health(request: Request) -> JSONResponse:
    """Answer as Grafana does, so that one probe serves both; unreadable files are listed."""
    folder = folder_of(request)
    found = folder.dashboards()
    return JSONResponse(
        {
            "database": "ok",
            "commit": "",
            "version": "sightline-viewer",
            "dashboards": len(found),
            "problems": folder.problems,
        }
    )


async def plotly(_request: Request) -> Response:
    """Serve Plotly's JavaScript from the installed package."""
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(_plotly(), media_type="text/javascript", headers=headers)


@cache
def _plotly() -> bytes:
    # Imported late, because plotly takes most of the start-up time.
    from plotly.offline import (  # type: ignore[import-untyped]  # noqa: PLC0415  it ships no types
        get_plotlyjs,
    )

    return str(get_plotlyjs()).encode()


async def _not_found(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return problem_page(request, status, f"{request.url.path}: {detail}")
