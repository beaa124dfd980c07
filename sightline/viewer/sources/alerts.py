"""Alerts as people need them: Prometheus' pending and firing ones, Alertmanager's silences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sightline.viewer.sources.upstream import SourceError, Upstream
from sightline.viewer.values.links import Href, at_home, safe

ORDER: Final = ("firing", "pending", "silenced", "inhibited")
SEVERITIES: Final = ("critical", "warning", "info", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert of one set of labels."""

    name: str
    state: str
    """``firing``, ``pending``; ``silenced`` by people, ``inhibited`` by the alert of its cause."""
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float
    """Seconds since the epoch."""
    value: str = ""

    @property
    def summary(self) -> str:
        """What it says in one line."""
        return self.annotations.get("summary") or self.annotations.get("description") or self.name

    @property
    def detail(self) -> str:
        """What it says beyond the summary."""
        text = self.annotations.get("description", "")
        return "" if text == self.summary else text

    @property
    def shown_labels(self) -> list[tuple[str, str]]:
        """Labels that are not said elsewhere."""
        known = {"alertname", "severity"}
        return sorted(pair for pair in self.labels.items() if pair[0] not in known)

    @property
    def ways(self) -> list[Href]:
        """Where to go from here: the runbook, the dashboard."""
        named = (("Runbook", "runbook_url"), ("Dashboard", "dashboard_url"))
        ways = [(title, self.annotations.get(name, "")) for title, name in named]
        return [
            Href(title=title, url=at_home(url), new_tab=at_home(url) == url)
            for title, url in ways
            if safe(url)
        ]


Held = Sequence[tuple[Mapping[str, str], str]]
"""Labels, and why nobody is told."""


class Alertmanager:
    """Knows which alerts nobody is told of."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def held_back(self) -> list[tuple[Mapping[str, str], str]]:
        """Labels of the alerts that nobody is told of, and why: ``silenced`` or ``inhibited``.

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
            raise SourceError(
                f"Alertmanager answered in a shape that is not its API's: {answer!r:.120}"
            ) from error


def alerts(raw: Iterable[Mapping[str, Any]], held_back: Held = ()) -> list[Alert]:
    """Prometheus' alerts, worst first; those that Alertmanager holds back are marked.

    Raises:
        SourceError: They are not as Prometheus' API has them.
    """
    try:
        read = [_alert(one, held_back) for one in raw]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"Prometheus gave an alert that is none: {error}") from error
    return sorted(read, key=_urgency)


def _alert(raw: Mapping[str, Any], held_back: Held) -> Alert:
    labels = dict(raw["labels"])
    why = [state for known, state in held_back if labels.items() <= dict(known).items()]
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
    state = ORDER.index(alert.state) if alert.state in ORDER else len(ORDER)
    known = alert.severity in SEVERITIES
    severity = SEVERITIES.index(alert.severity) if known else len(SEVERITIES)
    return state, severity, -alert.since
