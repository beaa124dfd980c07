"""Receivers of docs/how-to/notify.md and the texts of prometheus/templates."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
import yaml

from sightline.artifacts import PROMETHEUS, ROOT
from tests.alertmanagers import Inbox, alert, running_alertmanager, webhook_receiver
from tests.documents import blocks
from tests.fakes.mail_server import MailServer, mail_server
from tests.waiting import until

PAGE = ROOT / "docs" / "how-to" / "notify.md"
TEMPLATES = PROMETHEUS / "templates" / "*.tmpl"
WITHIN_SECONDS = 60
MAIL_KEY = "correct horse"
PAST = "2026-11-29T10:00:00Z"

BURNING = alert("ErrorBudgetBurn", "critical", job="gateway", slo="availability") | {
    "annotations": {
        "summary": "gateway burns its availability error budget.",
        "description": "Routes with errors now: /api/orders/{id}.",
        "runbook_url": "http://localhost:8003/runbooks/ErrorBudgetBurn",
        "dashboard_url": "http://localhost:3000/d/slo",
        "prometheus_url": "http://localhost:9090/alerts?search=ErrorBudgetBurn",
    }
}
STUCK = alert("HttpServerRequestsStuck", "critical", job="users", cluster="eu") | {
    "annotations": {"summary": "users completes no request.", "description": "A lock, perhaps."}
}
BARE = alert("ServiceDown", "critical", job="users", cluster="eu", namespace="shop")
NAMELESS = {"labels": {"severity": "critical", "node": "n1"}}
CALLERS = [
    alert("DependencyErrorRatioHigh", "warning", job=f"caller-{n}", callee="users")
    | {"annotations": {"summary": f"caller-{n} gets errors from users."}}
    for n in range(30)
]
RESOLVED = STUCK | {"startsAt": "2026-11-29T09:00:00Z", "endsAt": PAST}

GROUPS: Final[dict[str, tuple[list[dict[str, Any]], str, str]]] = {
    "one": ([BURNING], "[FIRING] gateway burns its availability error budget.", "/api/orders/{id}"),
    "two with nothing in common": (
        [BURNING, STUCK],
        "[FIRING:2] gateway burns its availability error budget. One more alert.",
        "users completes no request.",
    ),
    "callers of one service": ([*CALLERS], "30 callers of users", "caller-17 gets errors"),
    "no annotations": (
        [BARE],
        "[FIRING] ServiceDown of users cluster eu namespace shop",
        "ServiceDown of users",
    ),
    "no name": ([NAMELESS], "[FIRING] Alert without a name: node=n1", "node=n1"),
}
"""Alerts of a group, a part of its title, and a part of its body."""


def receiver(name: str) -> dict[str, Any]:
    """Return the receiver *name* of the page."""
    parsed = [yaml.safe_load(each.code) for each in blocks("yaml contract") if each.page == PAGE]
    return next(each for block in parsed for each in block["receivers"] if each["name"] == name)


def configuration(name: str, **changes: object) -> str:
    """Return a configuration with the receiver *name*, its settings updated with *changes*."""
    selected = receiver(name)
    (kind,) = (key for key in selected if key.endswith("_configs"))
    selected[kind][0].update(changes)
    route = {
        "receiver": selected["name"],
        "group_by": ["none"],
        "group_wait": "1s",
        "group_interval": "1s",
    }
    config = {"templates": [str(TEMPLATES)], "route": route, "receivers": [selected]}
    return yaml.safe_dump(config)


def secret(folder: Path, value: str) -> str:
    """Write *value* into a file of *folder* and return the file."""
    (folder / "secret").write_text(value)
    return str(folder / "secret")


def slack(folder: Path, url: str) -> str:
    return configuration("slack", api_url_file=secret(folder, f"{url}/services/T0/B0/token"))


def pagerduty(folder: Path, url: str) -> str:
    key = secret(folder, "0123456789abcdef0123456789abcdef")
    return configuration("pagerduty", routing_key_file=key, url=f"{url}/v2/enqueue")


def teams(folder: Path, url: str) -> str:
    return configuration("teams", webhook_url_file=secret(folder, f"{url}/workflows/1"))


def opsgenie(folder: Path, url: str) -> str:
    return configuration("opsgenie", api_key_file=secret(folder, "key"), api_url=f"{url}/")


RECEIVERS: Final[
    dict[str, tuple[Callable[[Path, str], str], Callable[[dict[str, Any]], tuple[str, str]]]]
] = {
    "slack": (
        slack,
        lambda sent: (sent["attachments"][0]["title"], sent["attachments"][0]["text"]),
    ),
    "pagerduty": (
        pagerduty,
        lambda sent: (sent["payload"]["summary"], str(sent["payload"]["custom_details"])),
    ),
    "teams": (
        teams,
        lambda sent: tuple(block["text"] for block in sent["attachments"][0]["content"]["body"]),
    ),
    "opsgenie": (opsgenie, lambda sent: (sent["message"], sent["description"])),
}
"""Configuration, and title and body of a request, by receiver."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with webhook_receiver() as received:
        yield received


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[MailServer]:
    """Mail server with a certificate of `authority.pem`."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with mail_server(tls, user="sightline", password=MAIL_KEY) as server:
        yield server


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("kind", RECEIVERS)
def test_every_group_has_a_title_and_a_body(
    kind: str, group: str, inbox: Inbox, tmp_path: Path
) -> None:
    configured, title_and_body = RECEIVERS[kind]
    alerts, in_title, in_body = GROUPS[group]

    with running_alertmanager(
        configured(tmp_path, f"http://127.0.0.1:{inbox.port}"), tmp_path
    ) as alertmanager:
        alertmanager.post(*alerts)
        until(lambda: inbox.notifications, within_seconds=WITHIN_SECONDS)

    title, body = title_and_body(inbox.notifications[0])
    assert in_title in title
    assert in_body in body


def test_a_message_about_resolved_alerts_says_so(inbox: Inbox, tmp_path: Path) -> None:
    text = slack(tmp_path, f"http://127.0.0.1:{inbox.port}")

    with running_alertmanager(text, tmp_path) as alertmanager:
        alertmanager.post(STUCK)
        until(lambda: len(inbox.notifications) == 1, within_seconds=WITHIN_SECONDS)
        alertmanager.post(RESOLVED)
        until(lambda: len(inbox.notifications) == 2, within_seconds=WITHIN_SECONDS)

    (attachment,) = inbox.notifications[1]["attachments"]
    assert attachment["title"] == "[RESOLVED] users completes no request. cluster eu"
    assert attachment["text"].startswith("*Resolved:*")


def test_slack_shows_links(inbox: Inbox, tmp_path: Path) -> None:
    text = slack(tmp_path, f"http://127.0.0.1:{inbox.port}")

    with running_alertmanager(text, tmp_path) as alertmanager:
        alertmanager.post(BURNING)
        until(lambda: inbox.notifications, within_seconds=WITHIN_SECONDS)

    (attachment,) = inbox.notifications[0]["attachments"]
    assert inbox.notifications[0]["channel"] == "#alerts"
    assert "<http://localhost:8003/runbooks/ErrorBudgetBurn|Runbook>" in attachment["text"]
    assert "<http://localhost:3000/d/slo|Dashboard>" in attachment["text"]
    assert "<http://localhost:9090/alerts?search=ErrorBudgetBurn|Prometheus>" in attachment["text"]


def test_pagerduty_receives_the_key_and_a_trigger(inbox: Inbox, tmp_path: Path) -> None:
    text = pagerduty(tmp_path, f"http://127.0.0.1:{inbox.port}")

    with running_alertmanager(text, tmp_path) as alertmanager:
        alertmanager.post(BURNING)
        until(lambda: inbox.notifications, within_seconds=WITHIN_SECONDS)

    event = inbox.notifications[0]
    assert event["routing_key"] == "0123456789abcdef0123456789abcdef"
    assert event["event_action"] == "trigger"


def test_a_mail_contains_summary_and_links(mails: MailServer, tmp_path: Path) -> None:
    text = configuration(
        "e-mail",
        smarthost=f"127.0.0.1:{mails.port}",
        auth_password_file=secret(tmp_path, MAIL_KEY),  # 0.25 reads a line break as a part of it
        tls_config={"ca_file": str(tmp_path / "authority.pem")},
    )

    with running_alertmanager(text, tmp_path) as alertmanager:
        alertmanager.post(BURNING, STUCK)
        until(lambda: mails.mails, within_seconds=WITHIN_SECONDS)

    (mail,) = mails.mails
    plain, html = (part.get_content() for part in mail.iter_parts())
    summary = "gateway burns its availability error budget."
    assert mail["Subject"] == f"[FIRING:2] {summary} One more alert."
    assert (mail["From"], mail["To"]) == ("sightline@example.com", "oncall@example.com")
    assert f"- {summary}" in plain
    assert "  Prometheus: http://localhost:9090/alerts?search=ErrorBudgetBurn" in plain
    assert f"<b>{summary}</b>" in html
    assert '<a href="http://localhost:8003/runbooks/ErrorBudgetBurn">Runbook</a>' in html
    assert '<a href="http://localhost:9090/alerts?search=ErrorBudgetBurn">Prometheus</a>' in html
    assert "users completes no request." in html
