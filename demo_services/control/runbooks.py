"""Runbook pages, the targets of the links in notifications."""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt
from markupsafe import Markup

from demo_services.control.pages import runbook_page

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
"""Renderer that escapes HTML in a runbook and rejects `javascript:` links."""

AlertName = Annotated[str, PathParameter(pattern="^[A-Za-z][A-Za-z0-9]*$", max_length=80)]
"""Alert name without dots and slashes, so that no path outside the folder can be built."""


def runbook_routes(folder: Path | None) -> APIRouter:
    """Return ``/runbooks/<AlertName>``, which renders ``<AlertName>.md`` of *folder*."""
    routes = APIRouter()

    @routes.get("/runbooks/{name}", response_class=HTMLResponse)
    def runbook(name: AlertName) -> HTMLResponse:
        file = folder / f"{name}.md" if folder else None
        if file is None or not file.is_file():
            raise HTTPException(404, f"no runbook {name}: expected {name}.md in RUNBOOKS={folder}")
        html = _MARKDOWN.render(file.read_text(encoding="utf-8"))
        return runbook_page(name, Markup(html))  # noqa: S704  the renderer has escaped it

    return routes
