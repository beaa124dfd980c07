"""Incidents as values: series, and the alerts that follow."""

from dataclasses import dataclass

from tests.foreign.series import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Alert that fires, and the receiver of its notification."""

    alert: str
    severity: str
    job: str = ""
    namespace: str = "shop"
    cluster: str = "eu"
    window: str = ""
    after_seconds: int
    """Time from the beginning of the incident until it fires."""
    receiver: str
    """Empty if another alert reports the same fact."""

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the alert."""
        labels = {
            "alertname": self.alert,
            "severity": self.severity,
            "cluster": self.cluster,
            "namespace": self.namespace,
            "job": self.job,
            "window": self.window,
        }
        return {name: value for name, value in labels.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Incident with its series and alerts. The first alert notifies first."""

    title: str
    series: tuple[Series, ...]
    alerts: tuple[Expected, ...]


def ticket(alert: str, after_seconds: int, receiver: str = "tickets", **labels: str) -> Expected:
    """Return an alert with the severity ``warning``."""
    return Expected(
        alert=alert, severity="warning", after_seconds=after_seconds, receiver=receiver, **labels
    )


def page(alert: str, after_seconds: int, receiver: str = "pages", **labels: str) -> Expected:
    """Return an alert with the severity ``critical``."""
    return Expected(
        alert=alert, severity="critical", after_seconds=after_seconds, receiver=receiver, **labels
    )
