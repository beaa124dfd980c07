"""Alerts as people need them: Prometheus' pending and firing ones, Alertmanager's silences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sightline.viewer.links import Href, at_home, safe
from sightline.viewer.upstream import SourceError, Upstream

ORDER: Final = ("firing", "pending", "silenced")
SEVERITIES: Final = ("critical", "warning", "info", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert of one set of labels."""

    name: str
    state: str
    """``firing``, ``pending`` or ``silenced``."""
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


class Alertmanager:
    """The alerts that people may have silenced."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def silenced(self) -> list[Mapping[str, str]]:
        """Label sets of the alerts that a silence or an inhibition holds back.

        Raises:
            SourceError: Alertmanager gave no usable answer.
        """
        answer = await self.upstream.get(
            "/api/v2/alerts", {"silenced": "true", "inhibited": "true"}
        )
        try:
            return [one["labels"] for one in answer if one["status"]["state"] == "suppressed"]
        except (KeyError, TypeError) as error:
            raise SourceError(
                f"Alertmanager answered in a shape that is not its API's: {answer!r:.120}"
            ) from error


def alerts(
    raw: Iterable[Mapping[str, Any]], silenced: Sequence[Mapping[str, str]] = ()
) -> list[Alert]:
    """Prometheus' alerts, worst first; those that Alertmanager holds back are marked.

    Raises:
        SourceError: They are not as Prometheus' API has them.
    """
    try:
        read = [_alert(one, silenced) for one in raw]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"Prometheus gave an alert that is none: {error}") from error
    return sorted(read, key=_urgency)


def _alert(raw: Mapping[str, Any], silenced: Sequence[Mapping[str, str]]) -> Alert:
    labels = dict(raw["labels"])
    held = any(labels.items() <= dict(one).items() for one in silenced)
    return Alert(
        name=labels.get("alertname", "?"),
        state="silenced" if held else str(raw["state"]),
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
