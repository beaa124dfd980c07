"""Alerts of Prometheus, with the silences and inhibitions of Alertmanager."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sightline.severities import SEVERITIES
from sightline.viewer.sources.upstream import SourceError, Upstream, unexpected_answer
from sightline.viewer.values.links import Href, is_web_url, without_host

STATES: Final = ("firing", "pending", "silenced", "inhibited")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert for one label set."""

    name: str
    state: str
    """``firing``, ``pending``, ``silenced`` by people or ``inhibited`` by another alert."""
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float
    """Seconds since the epoch."""
    value: str = ""

    @property
    def summary(self) -> str:
        """The alert in one line."""
        return self.annotations.get("summary") or self.annotations.get("description") or self.name

    @property
    def detail(self) -> str:
        """Description, if it differs from the summary."""
        text = self.annotations.get("description", "")
        return "" if text == self.summary else text

    @property
    def shown_labels(self) -> list[tuple[str, str]]:
        """Labels without those displayed elsewhere."""
        known = {"alertname", "severity"}
        return sorted(pair for pair in self.labels.items() if pair[0] not in known)

    @property
    def links(self) -> list[Href]:
        """Links to the runbook and the dashboard."""
        named = (("Runbook", "runbook_url"), ("Dashboard", "dashboard_url"))
        links = [(title, self.annotations.get(name, "")) for title, name in named]
        return [
            Href(title=title, url=without_host(url), new_tab=without_host(url) == url)
            for title, url in links
            if is_web_url(url)
        ]


Suppressed = Sequence[tuple[Mapping[str, str], str]]
"""Labels of suppressed alerts and the reason: ``silenced`` or ``inhibited``."""


class Alertmanager:
    """Client of Alertmanager's API."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def suppressed(self) -> list[tuple[Mapping[str, str], str]]:
        """Return the labels of suppressed alerts and the reason: ``silenced`` or ``inhibited``.

        Raises:
            SourceError: Alertmanager gave no usable answer.
        """
        answer = await self.upstream.get(
            "/api/v2/alerts", {"silenced": "true", "inhibited": "true"}
        )
        try:
            return [
                (one["labels"], "silenced" if one["status"].get("silencedBy") else "inhibited")
                for one in answer
                if one["status"]["state"] == "suppressed"
            ]
        except (KeyError, TypeError) as error:
            raise unexpected_answer("Alertmanager", answer) from error


def read_alerts(raw: Iterable[Mapping[str, Any]], suppressed: Suppressed = ()) -> list[Alert]:
    """Read alerts of Prometheus, most urgent first; those that Alertmanager suppresses are marked.

    Raises:
        SourceError: An alert is not as in Prometheus' API.
    """
    try:
        read = [_alert(one, suppressed) for one in raw]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"unexpected alert in the answer of Prometheus: {error}") from error
    return sorted(read, key=_urgency)


def _alert(raw: Mapping[str, Any], suppressed: Suppressed) -> Alert:
    labels = dict(raw["labels"])
    why = [state for known, state in suppressed if labels.items() <= dict(known).items()]
    return Alert(
        name=labels.get("alertname", "?"),
        state=why[0] if why else str(raw["state"]),
        severity=labels.get("severity", "none"),
        labels=labels,
        annotations=dict(raw.get("annotations") or {}),
        since=datetime.fromisoformat(raw["activeAt"]).timestamp(),
        value=str(raw.get("value", "")),
    )


def _urgency(alert: Alert) -> tuple[int, int, float]:
    state = STATES.index(alert.state) if alert.state in STATES else len(STATES)
    known = alert.severity in SEVERITIES
    severity = SEVERITIES.index(alert.severity) if known else len(SEVERITIES)
    return state, severity, -alert.since
