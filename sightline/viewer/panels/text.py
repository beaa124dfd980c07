"""Panels of words: text, alert lists, and what only Grafana draws."""

from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from sightline.viewer.panels.view import View, message
from sightline.viewer.sources.drawing import Drawing

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
"""CommonMark with tables; HTML is shown, not obeyed."""


def text(drawing: Drawing) -> View:
    """Markdown; HTML in it is shown, not obeyed."""
    content = drawing.scope.plain(drawing.panel.option("content", default=""))
    return View(template="text", context={"html": Markup(_MARKDOWN.render(content))})  # noqa: S704  the renderer escapes HTML


def alert_list(drawing: Drawing) -> View:
    """Alerts in the states that the panel asks for."""
    states = drawing.panel.option("stateFilter", default={}) or {}
    wanted = {name for name in ("firing", "pending") if states.get(name, True)}
    most = drawing.panel.option("maxItems", default=20)
    listed = [one for one in drawing.alerts if one.state in wanted]
    if not listed:
        return message(drawing.panel.config.no_value or "No alerts", kind="good")
    return View(template="alertlist", context={"alerts": listed[:most], "zone": drawing.zone})


def unsupported(drawing: Drawing) -> View:
    """What the panel is and asks, for a reader who has no Grafana at hand."""
    asked = [one.expr or str(one.raw.get("query") or "") for one in drawing.panel.targets]
    return message(
        f"“{drawing.panel.type}” panels are drawn by Grafana only",
        detail="\n\n".join(filter(None, asked)),
    )
