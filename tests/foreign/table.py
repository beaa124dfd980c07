"""Incidents as the rows of a table in the documentation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from sightline.grafana import durations
from tests.foreign.incidents import SLOW_BURN, incidents
from tests.foreign.model import Incident

RECIPIENTS: Final = {
    "pages": "pager",
    "pages-payments": "pager of the team payments",
    "tickets": "tickets",
    "tickets-payments": "tickets of the team payments",
    "": "no one, because ServiceDown reports the same",
}


def rows(alertmanager: Path) -> Iterator[str]:
    """Yield a row for each alert of each incident.

    Args:
        alertmanager: Configuration with the time that Alertmanager waits for other alerts.
    """
    wait = durations.seconds(yaml.safe_load(alertmanager.read_text())["route"]["group_wait"])
    for incident in (*incidents(callers=1), SLOW_BURN):
        yield from _rows(incident, wait)


def _rows(incident: Incident, wait: float) -> Iterator[str]:
    for alert in incident.alerts:
        notified = "" if not alert.receiver else _duration(alert.after_seconds + wait)
        cells = (
            incident.title,
            f"{alert.alert} {alert.window}".strip(),
            RECIPIENTS[alert.receiver],
            _duration(alert.after_seconds),
            notified or "-",
        )
        yield f"| {' | '.join(cells)} |"


def _duration(seconds: float) -> str:
    return str(durations.duration(seconds))
