"""Runbooks, where the repository's `docs/` are at hand: alerts link to them."""

from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from sightline.artefacts import ROOT
from sightline.viewer.pages.common import problem, rendered
from sightline.viewer.panels.words import MARKDOWN

RUNBOOKS: Final = ROOT / "docs" / "runbooks"


async def runbook(request: Request) -> Response:
    """One page of `docs/runbooks`."""
    name = request.path_params["name"]
    file = RUNBOOKS / f"{name}.md"
    if not name.isidentifier() or not file.is_file():
        return problem(request, 404, f"There is no runbook “{name}” here.")
    text = Markup(MARKDOWN.render(file.read_text(encoding="utf-8")))  # noqa: S704  HTML is escaped
    return rendered(request, "prose", here="alerts", title=name, text=text)
