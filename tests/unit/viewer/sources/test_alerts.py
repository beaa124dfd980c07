"""Alerts and their order."""

from typing import Any

import pytest

from sightline.viewer.sources.alerts import read_alerts
from sightline.viewer.sources.upstream import SourceError


def raw(name: str, state: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, **labels},
        "annotations": {},
        "state": state,
        "activeAt": "2026-11-25T12:00:00.123456789Z",
    }


def test_alerts_are_ordered_by_urgency() -> None:
    listed = read_alerts(
        [
            raw("Waiting", "pending", severity="critical"),
            raw("Known", severity="critical"),
            raw("Bad", severity="warning"),
            raw("Worst", severity="critical"),
        ],
        [({"alertname": "Known", "severity": "critical"}, "silenced")],
    )

    assert [one.name for one in listed] == ["Worst", "Bad", "Waiting", "Known"]


def test_a_silence_suppresses_only_alerts_with_its_labels() -> None:
    held = [({"alertname": "Down", "job": "users"}, "silenced")]

    users, orders = read_alerts([raw("Down", job="users"), raw("Down", job="orders")], held)[::-1]

    assert (users.state, orders.state) == ("silenced", "firing")


def test_the_name_replaces_a_missing_summary() -> None:
    [one] = read_alerts([raw("Down", job="users")])

    assert (one.summary, one.detail, one.shown_labels) == ("Down", "", [("job", "users")])
    assert one.links == []


@pytest.mark.parametrize("lie", [{}, {"labels": 3}, {"labels": {}, "state": "firing"}])
def test_json_that_is_not_an_alert_is_rejected(lie: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="unexpected alert"):
        read_alerts([lie])
