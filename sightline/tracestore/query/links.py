"""Redirects from the pages of Jaeger's UI to those of the viewer."""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

_PAGES: Final = {"/": "/traces", "/search": "/traces", "/dependencies": "/map", "/monitor": "/"}
"""Path in Jaeger's UI to path in the viewer."""


def routes(viewer_url: str, viewer_port: int) -> list[Route]:
    """Return redirects to *viewer_url*; if it is empty, to the host of the request."""

    def base(request: Request) -> str:
        requested = request.url.replace(scheme="http", port=viewer_port, path="", query="")
        return viewer_url or str(requested)

    def to(page: str) -> Callable[[Request], Response]:
        def redirect(request: Request) -> Response:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{base(request)}{page}{query}")

        return redirect

    def to_trace(request: Request) -> Response:
        return RedirectResponse(f"{base(request)}/trace/{request.path_params['trace_id']}")

    pages = [Route(path, to(page)) for path, page in _PAGES.items()]
    return [*pages, Route("/trace/{trace_id}", to_trace)]
