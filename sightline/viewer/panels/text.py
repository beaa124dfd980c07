"""Text panels, alert lists, and the message for unsupported panel types."""

from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from sightline.viewer.panels.view import View, message
from sightline.viewer.sources.panel_data import PanelData

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
"""CommonMark with tables. HTML is displayed as text."""


def text(data: PanelData) -> View:
    """Render Markdown; HTML in it is displayed as text."""
    content = data.scope.plain(data.panel.option("content", default=""))
    return View(template="text", context={"html": Markup(_MARKDOWN.render(content))})  # noqa: S704  the renderer escapes HTML


def alert_list(data: PanelData) -> View:
    """List the alerts in the states that the panel selects."""
    states = data.panel.option("stateFilter", default={}) or {}
    wanted = {name for name in ("firing", "pending") if states.get(name, True)}
    most = data.panel.option("maxItems", default=20)
    listed = [one for one in data.alerts if one.state in wanted]
    if not listed:
        return message(data.panel.config.no_value or "No alerts", kind="good")
    return View(template="alertlist", context={"alerts": listed[:most], "zone": data.zone})


def unsupported(data: PanelData) -> View:
    """Name the panel type and show its queries."""
    asked = [one.expr or str(one.raw.get("query") or "") for one in data.panel.targets]
    return message(
        f"“{data.panel.type}” panels need Grafana",
        detail="\n\n".join(filter(None, asked)),
    )
