"""Runbook pages, the targets of the links in notifications."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from demo_services.control.pages import runbook_page

_FOLD: Final = re.compile(r"&lt;(/?(?:details|summary))&gt;")
"""Escaped tag of a folded section, the only HTML of a runbook."""


def _render_html(_: object, tokens: Sequence[Token], index: int, *__: object) -> str:
    """Return HTML of a runbook escaped, except for the tags of a folded section."""
    return _FOLD.sub(r"<\1>", escape(tokens[index].content, quote=False))


_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")
"""Renderer that escapes HTML in a runbook and rejects `javascript:` links."""

for _kind in ("html_block", "html_inline"):
    _MARKDOWN.add_render_rule(_kind, _render_html)

AlertName = Annotated[str, PathParameter(pattern=r"^[A-Za-z][A-Za-z0-9]*(\.md)?$", max_length=80)]
"""Alert name, with or without ``.md``. No other dot and no slash, so that the path stays in the
folder."""


def runbook_routes(folder: Path | None) -> APIRouter:
    """Return ``/runbooks/<AlertName>``, which renders ``<AlertName>.md`` of *folder*.

    The name may end in ``.md``, as in links between runbooks.
    """
    routes = APIRouter()

    @routes.get("/runbooks/{name}", response_class=HTMLResponse)
    def runbook(name: AlertName) -> HTMLResponse:
        alert = name.removesuffix(".md")
        file = folder / f"{alert}.md" if folder else None
        if file is None or not file.is_file():
            raise HTTPException(
                404, f"no runbook {alert}: expected {alert}.md in RUNBOOKS={folder}"
            )
        html = _MARKDOWN.render(file.read_text(encoding="utf-8"))
        return runbook_page(alert, Markup(html))  # noqa: S704  the renderer has escaped it

    return routes
