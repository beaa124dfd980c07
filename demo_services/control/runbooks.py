"""Runbooks as pages, where the links of notifications lead."""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt

from demo_services.control.frame import page

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
"""HTML in a runbook is shown as text, and no link of its own making can run a script."""

AlertName = Annotated[str, PathParameter(pattern="^[A-Za-z][A-Za-z0-9]*$", max_length=80)]
"""No dot, no slash: a name cannot leave the folder."""


def runbook_routes(folder: Path | None) -> APIRouter:
    """``/runbooks/<AlertName>`` from the files ``<AlertName>.md`` of *folder*."""
    routes = APIRouter()

    @routes.get("/runbooks/{name}", response_class=HTMLResponse)
    def runbook(name: AlertName) -> HTMLResponse:
        file = folder / f"{name}.md" if folder else None
        if file is None or not file.is_file():
            raise HTTPException(404, f"no runbook {name}: expected {name}.md in RUNBOOKS={folder}")
        return page(name, _MARKDOWN.render(file.read_text(encoding="utf-8")))

    return routes
