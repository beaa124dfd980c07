"""The inbox as a page: no script, every value escaped."""

from collections.abc import Mapping
from html import escape
from typing import Final

from demo_services.control.inbox import Entry, Inbox

REFRESH_SECONDS: Final = 5

_BODY: Final = """<h1>Alerts received</h1>
<p>Watchdog: <span class="{watchdog_class}">{watchdog}</span>{heard}
<span class="faint">It always fires; when it falls silent, alerting itself is broken.</span></p>
<table><thead><tr><th>Received</th><th>Status</th><th>Alert</th><th>Severity</th><th>Where</th>
<th>What</th><th>Next</th></tr></thead><tbody>{rows}</tbody></table>
"""

_EMPTY: Final = '<tr><td colspan="7" class="faint">Nothing yet: no alert has fired.</td></tr>'

_HIDDEN_LABELS: Final = frozenset({"alertname", "severity"})
_NEXT: Final = {"runbook_url": "Runbook", "dashboard_url": "Dashboard"}


def render(inbox: Inbox) -> str:
    """The body of the page."""
    heard_at = inbox.watchdog_heard_at
    return _BODY.format(
        watchdog=inbox.watchdog,
        watchdog_class=inbox.watchdog.partition(" ")[0],
        heard=f", last heard {heard_at:%H:%M:%S} UTC." if heard_at else ".",
        rows="".join(map(_row, inbox)) or _EMPTY,
    )


def _row(entry: Entry) -> str:
    alert = entry.alert
    cells = (
        f"<time>{entry.received_at:%H:%M:%S}</time>",
        f'<span class="{alert.status}">{alert.status}</span>',
        escape(alert.name),
        escape(alert.severity),
        escape(_labels(alert.labels)),
        escape(alert.annotations.get("summary", "")),
        _links(alert.annotations),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _labels(labels: Mapping[str, str]) -> str:
    shown = sorted(labels.keys() - _HIDDEN_LABELS)
    return ", ".join(f"{name}={labels[name]}" for name in shown)


def _links(annotations: Mapping[str, str]) -> str:
    """Links that the alert carries, as far as they are addresses of the web."""
    given = {text: annotations.get(name, "") for name, text in _NEXT.items()}
    return " · ".join(
        f'<a href="{escape(url)}">{text}</a>'
        for text, url in given.items()
        if url.startswith(("http://", "https://"))
    )
