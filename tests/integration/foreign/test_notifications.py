"""Recipients of the notifications of every incident, in a real Alertmanager with exported files."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from sightline.artifacts import PROMETHEUS, ROOT
from tests.alertmanagers import Inbox, running_alertmanager, webhook_receiver, with_webhooks
from tests.foreign.incidents import TEAMS, incidents
from tests.foreign.installation import export
from tests.foreign.model import Expected
from tests.foreign.table import rows
from tests.waiting import until

CALLERS = 200
WITHIN_SECONDS = 60

Notified = dict[str, set[tuple[str, str]]]
"""Alert and job by receiver."""

ALERTS = [alert for incident in incidents(CALLERS) for alert in incident.alerts]


def labels(alert: Expected) -> dict[str, str]:
    """Return the labels of *alert* with the team, as `alert_relabel_configs` adds it."""
    team = TEAMS.get(alert.namespace)
    callee = {"callee": "users", "server_port": "80"} if "caller" in alert.job else {}
    return {**alert.labels, **callee, **({"team": team} if team else {})}


def received(inbox: Inbox) -> Notified:
    found: Notified = defaultdict(set)
    for notification in inbox.notifications:
        for alert in notification["alerts"]:
            name, job = alert["labels"]["alertname"], alert["labels"].get("job", "")
            found[notification["receiver"]].add((name, job))
    return found


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    folder = tmp_path_factory.mktemp("installation")
    exported = export(folder) / "alertmanager" / "alertmanager.yml"
    with (
        webhook_receiver() as inbox,
        running_alertmanager(with_webhooks(exported, inbox.port), folder) as alertmanager,
    ):
        alertmanager.post(*({"labels": labels(alert)} for alert in ALERTS))
        until(
            lambda: sum(map(len, received(inbox).values())) >= expected_count(),
            within_seconds=WITHIN_SECONDS,
        )
        yield inbox


def expected_count() -> int:
    return sum(map(len, expected().values()))


def expected() -> Notified:
    found: Notified = defaultdict(set)
    for alert in ALERTS:
        if alert.receiver:
            found[alert.receiver].add((alert.alert, alert.job))
    return found


def test_every_alert_reaches_its_team_and_no_other(inbox: Inbox) -> None:
    assert received(inbox) == expected()


def test_the_callers_of_a_slow_service_are_one_notification(inbox: Inbox) -> None:
    sizes = [
        len(notification["alerts"])
        for notification in inbox.notifications
        if notification["groupLabels"].get("callee") == "users"
    ]

    assert sizes == [CALLERS]


def test_the_page_lists_every_notification_and_its_delay() -> None:
    page = (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8")

    assert [
        row for row in rows(PROMETHEUS / "alertmanager.production.yml") if row not in page
    ] == []
