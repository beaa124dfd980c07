"""The inbox as a page: no script, every value escaped."""

from html import escape
from typing import Final

from demo_services.control.inbox import Entry, Inbox

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
       background: #fff; color: #1c2430 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .4rem .7rem; border-bottom: 1px solid #d8dee8;
         vertical-align: top }
.firing, .silent { color: #b3261e; font-weight: 600 }
.resolved, .alive { color: #1b6e3c; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  body { background: #12161d; color: #dfe5ee } th, td { border-color: #333c4a }
  .firing, .silent { color: #ff8a80 } .resolved, .alive { color: #7bd88f }
}
"""

_REFRESH_SECONDS: Final = 5

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{refresh}">
<title>Alerts received</title><style>{style}</style></head><body>
<h1>Alerts received</h1>
<p>Watchdog: <span class="{watchdog_class}">{watchdog}</span>{heard}.
It always fires; when it falls silent, alerting itself is broken.</p>
<table><thead><tr><th>Received</th><th>Status</th><th>Alert</th><th>Severity</th><th>Labels</th>
<th>Summary</th></tr></thead><tbody>{rows}</tbody></table>
</body></html>
"""

_EMPTY: Final = '<tr><td colspan="6">Nothing yet: no alert has fired.</td></tr>'

_HIDDEN_LABELS: Final = frozenset({"alertname", "severity"})


def render(inbox: Inbox) -> str:
    """The whole page."""
    heard_at = inbox.watchdog_heard_at
    return _PAGE.format(
        refresh=_REFRESH_SECONDS,
        style=_STYLE,
        watchdog=inbox.watchdog,
        watchdog_class=inbox.watchdog.partition(" ")[0],
        heard=f", last heard {heard_at:%H:%M:%S} UTC" if heard_at else "",
        rows="".join(map(_row, inbox)) or _EMPTY,
    )


def _row(entry: Entry) -> str:
    alert = entry.alert
    labels = ", ".join(
        f"{name}={value}"
        for name, value in sorted(alert.labels.items())
        if name not in _HIDDEN_LABELS
    )
    runbook = alert.annotations.get("runbook_url", "")
    name = escape(alert.name)
    cells = (
        f"{entry.received_at:%H:%M:%S}",
        f'<span class="{alert.status}">{alert.status}</span>',
        f'<a href="{escape(runbook)}">{name}</a>' if runbook.startswith("http") else name,
        escape(alert.severity),
        escape(labels),
        escape(alert.annotations.get("summary", "")),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
