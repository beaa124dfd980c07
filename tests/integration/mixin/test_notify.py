"""Receivers of docs/how-to/notify.md: Slack, PagerDuty and e-mail."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from sightline.artefacts import ROOT
from tests.alertmanagers import Inbox, alert, running_alertmanager, webhook_receiver
from tests.documents import blocks
from tests.fakes.mail_server import MailServer, mail_server
from tests.waiting import until

PAGE = ROOT / "docs" / "how-to" / "notify.md"
WITHIN_SECONDS = 60
MAIL_KEY = "correct horse"

BURNING = alert("ErrorBudgetBurn", "critical", job="gateway", slo="availability") | {
    "annotations": {
        "summary": "gateway burns its availability error budget.",
        "description": "Routes with errors now: /api/orders/{id}.",
        "runbook_url": "http://localhost:8003/runbooks/ErrorBudgetBurn",
        "dashboard_url": "http://localhost:3000/d/slo",
    }
}


def receiver(name: str) -> dict[str, Any]:
    """Return the receiver *name* of the page."""
    parsed = [yaml.safe_load(each.code) for each in blocks("yaml contract") if each.page == PAGE]
    return next(each for block in parsed for each in block["receivers"] if each["name"] == name)


def configuration(name: str, **changes: object) -> str:
    """Return a configuration with the receiver *name*, its settings updated with *changes*."""
    selected = receiver(name)
    (kind,) = (key for key in selected if key.endswith("_configs"))
    selected[kind][0].update(changes)
    route = {"receiver": selected["name"], "group_wait": "0s"}
    return yaml.safe_dump({"route": route, "receivers": [selected]})


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


def test_slack_receives_summary_and_links(inbox: Inbox, tmp_path: Path) -> None:
    secret = tmp_path / "slack"
    secret.write_text(f"http://127.0.0.1:{inbox.port}/services/T0/B0/token")
    text = configuration("slack", api_url_file=str(secret))

    with running_alertmanager(text, tmp_path) as alertmanager:
        alertmanager.post(BURNING)
        until(lambda: inbox.notifications, within_seconds=WITHIN_SECONDS)

    (attachment,) = inbox.notifications[0]["attachments"]
    assert inbox.notifications[0]["channel"] == "#alerts"
    assert attachment["title"] == "gateway burns its availability error budget."
    assert "<http://localhost:8003/runbooks/ErrorBudgetBurn|runbook>" in attachment["text"]


def test_pagerduty_receives_an_event_with_the_summary(inbox: Inbox, tmp_path: Path) -> None:
    secret = tmp_path / "pagerduty"
    secret.write_text("0123456789abcdef0123456789abcdef")
    url = f"http://127.0.0.1:{inbox.port}/v2/enqueue"
    text = configuration("pagerduty", routing_key_file=str(secret), url=url)

    with running_alertmanager(text, tmp_path) as alertmanager:
        alertmanager.post(BURNING)
        until(lambda: inbox.notifications, within_seconds=WITHIN_SECONDS)

    event = inbox.notifications[0]
    assert event["routing_key"] == "0123456789abcdef0123456789abcdef"
    assert (event["event_action"], event["payload"]["summary"]) == (
        "trigger",
        "gateway burns its availability error budget.",
    )


def test_a_mail_contains_summary_and_links(mails: MailServer, tmp_path: Path) -> None:
    secret = tmp_path / "e-mail"
    secret.write_text(MAIL_KEY)  # 0.25 takes a line break for a part of the password
    text = configuration(
        "e-mail",
        smarthost=f"127.0.0.1:{mails.port}",
        auth_password_file=str(secret),
        tls_config={"ca_file": str(tmp_path / "authority.pem")},
    )

    with running_alertmanager(text, tmp_path) as alertmanager:
        alertmanager.post(BURNING)
        until(lambda: mails.mails, within_seconds=WITHIN_SECONDS)

    (mail,) = mails.mails
    body = "".join(part.get_content() for part in mail.iter_parts())
    summary = "gateway burns its availability error budget."
    assert mail["Subject"] == f"[FIRING] ErrorBudgetBurn: {summary}"
    assert (mail["From"], mail["To"]) == ("sightline@example.com", "oncall@example.com")
    assert f"{summary}<br>" in body
    assert '<a href="http://localhost:8003/runbooks/ErrorBudgetBurn">runbook</a>' in body
    assert '<a href="http://localhost:3000/d/slo">dashboard</a>' in body
