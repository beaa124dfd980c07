from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from demo_services.control.inbox import Inbox
from demo_services.control.notification import Notification
from demo_services.control.pages import inbox_page

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Clock:
    """Clock under the control of a test."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def notification(*names: str, status: str = "firing", **labels: str) -> Notification:
    """Return a notification with one alert per name."""
    alerts = [
        {
            "status": status,
            "labels": {"alertname": name, "severity": "critical", **labels},
            "annotations": {"summary": f"{name} happened"},
            "startsAt": "2026-11-25T11:59:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "1",
        }
        for name in names
    ]
    return Notification.model_validate({"version": "4", "receiver": "control", "alerts": alerts})


def render(inbox: Inbox) -> str:
    return bytes(inbox_page(inbox).body).decode()


def received(registry: CollectorRegistry, name: str, severity: str, status: str) -> float | None:
    labels = {"alertname": name, "severity": severity, "status": status}
    return registry.get_sample_value("alert_notifications_received_total", labels)


def test_an_alert_is_stored_counted_and_rendered() -> None:
    registry = CollectorRegistry()
    inbox = Inbox(registry)

    inbox.receive(notification("TargetDown", job="users"))

    assert [entry.alert.name for entry in inbox] == ["TargetDown"]
    assert received(registry, "TargetDown", "critical", "firing") == 1
    assert "TargetDown happened" in render(inbox)


def test_the_newest_alert_is_first() -> None:
    inbox = Inbox(CollectorRegistry())

    inbox.receive(notification("First"))
    inbox.receive(notification("Second"))

    assert [entry.alert.name for entry in inbox] == ["Second", "First"]


def test_only_the_newest_500_alerts_are_stored() -> None:
    inbox = Inbox(CollectorRegistry())

    inbox.receive(notification(*["Again"] * 600))

    assert len(list(inbox)) == 500


def test_alert_names_beyond_the_limit_count_as_overflow() -> None:
    registry = CollectorRegistry()

    Inbox(registry).receive(notification(*[f"Invented{number}" for number in range(250)]))

    assert received(registry, "__overflow__", "__overflow__", "__overflow__") == 50


@pytest.mark.parametrize(
    ("silence", "state"), [(timedelta(minutes=2), "alive"), (timedelta(minutes=4), "silent")]
)
def test_the_watchdog_is_silent_after_three_minutes(silence: timedelta, state: str) -> None:
    registry, clock = CollectorRegistry(), Clock()
    inbox = Inbox(registry, clock)

    inbox.receive(notification("Watchdog"))
    clock.now += silence

    assert inbox.watchdog == state
    assert registry.get_sample_value("alert_watchdog_timestamp_seconds") == NOON.timestamp()
    assert list(inbox) == []


def test_the_page_reports_a_watchdog_that_was_never_received() -> None:
    assert "never heard" in render(Inbox(CollectorRegistry()))


def test_only_http_addresses_become_links() -> None:
    inbox = Inbox(CollectorRegistry())
    notified = notification("TargetDown")
    notified.alerts[0].annotations["runbook_url"] = "http://localhost:8003/runbooks/TargetDown"
    notified.alerts[0].annotations["dashboard_url"] = "javascript:alert(1)"

    inbox.receive(notified)

    assert '<a href="http://localhost:8003/runbooks/TargetDown">Runbook</a>' in render(inbox)
    assert "javascript" not in render(inbox)


def test_the_page_escapes_labels() -> None:
    inbox = Inbox(CollectorRegistry())

    inbox.receive(notification("<script>alert(1)</script>"))

    assert "<script>" not in render(inbox)
    assert "&lt;script&gt;" in render(inbox)


def test_a_notification_of_another_version_is_invalid() -> None:
    with pytest.raises(ValidationError):
        Notification.model_validate({"version": "5", "receiver": "control", "alerts": []})
