"""HTML pages of the alert inbox and the runbooks: templates with autoescape, without scripts."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from demo_services.control.inbox import Inbox

REFRESH_SECONDS: Final = 5

_CONTENT_SECURITY_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)

_SEPARATE_COLUMNS: Final = frozenset({"alertname", "severity"})
_LINKS: Final = {"runbook_url": "Runbook", "dashboard_url": "Dashboard"}


def inbox_page(inbox: Inbox) -> HTMLResponse:
    """Return the page that lists the received alerts."""
    return _page(
        "inbox.html", title="Alerts received", inbox=inbox, refresh_seconds=REFRESH_SECONDS
    )


def runbook_page(name: str, body: Markup) -> HTMLResponse:
    """Return the page of the runbook *name*. *body* is its HTML, and is not escaped again."""
    return _page("runbook.html", title=name, body=body)


def _page(template: str, **context: object) -> HTMLResponse:
    html = _TEMPLATES.get_template(template).render(context)
    return HTMLResponse(html, headers={"Content-Security-Policy": _CONTENT_SECURITY_POLICY})


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def _label_list(labels: Mapping[str, str]) -> str:
    """Return the labels that have no column of their own, sorted by name."""
    names = sorted(labels.keys() - _SEPARATE_COLUMNS)
    return ", ".join(f"{name}={labels[name]}" for name in names)


def _web_links(annotations: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return text and address of the alert's links. Other schemes than HTTP can run scripts."""
    links = [(text, annotations.get(name, "")) for name, text in _LINKS.items()]
    return [(text, url) for text, url in links if url.startswith(("http://", "https://"))]


_TEMPLATES.filters |= {"clock": _clock, "label_list": _label_list, "web_links": _web_links}
