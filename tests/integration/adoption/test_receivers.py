"""Exported configurations of Alertmanager, checked by amtool and run by a real Alertmanager."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightline.artifacts import ROOT
from sightline.binaries import find
from sightline.config import Config
from sightline.export.receivers import KINDS
from tests.alertmanagers import Alertmanager, Inbox, alert, running_alertmanager, webhook_receiver
from tests.documents import blocks
from tests.exports import adopt, export
from tests.waiting import until

WITHIN_SECONDS = 60
NOTIFY = ROOT / "docs" / "how-to" / "notify.md"
NAMES_ON_PAGE = {"e-mail": "email"}

ADOPTION = """\
identity: {cluster: k8s_cluster, without: [namespace], also: [tenant]}
routing: {environment: env, team: owner, production: [live]}
receivers:
  pages: {pagerduty: {routing_key_file: /etc/alertmanager/secrets/pagerduty}}
  tickets: {slack: {api_url_file: /etc/alertmanager/secrets/slack, channel: "#alerts"}}
  heartbeat: {webhook: {url_file: /etc/alertmanager/secrets/heartbeat}}
  teams:
    payments:
      pages: {opsgenie: {api_key_file: /etc/alertmanager/secrets/opsgenie}}
      tickets: {teams: {webhook_url_file: /etc/alertmanager/secrets/teams}}
    search:
      tickets:
        email: {to: a@example.com, from: b@example.com, smarthost: "smtp.example.com:587"}
  environments:
    staging: {tickets: {webhook: {url_file: /etc/alertmanager/secrets/staging}}}
"""


def plain(out: Path) -> str:
    return (out / "alertmanager" / "alertmanager.yml").read_text()


def secret(out: Path) -> str:
    document = yaml.safe_load((out / "kubernetes" / "alertmanager.yaml").read_text())
    text: str = document["stringData"]["alertmanager.yaml"]
    return text.replace("/etc/alertmanager/config/", "")


def mimir(out: Path) -> str:
    text = (out / "mimir" / "alertmanager.yaml").read_text()
    return re.sub(r"\$\{\w+\}", "https://secret.example.com", text)


FORMS: dict[str, Callable[[Path], str]] = {
    "plain": plain,
    "prometheus-operator": secret,
    "mimir": mimir,
}
"""Configuration of Alertmanager in a format, as its system would read it."""


@pytest.mark.parametrize("form", FORMS)
def test_amtool_accepts_the_configuration(form: str, tmp_path: Path) -> None:
    text = FORMS[form](export(adopt(tmp_path, ADOPTION), form))
    (tmp_path / "alertmanager.yml").write_text(text)
    amtool = find("amtool", Config.from_env({})).path

    checked = subprocess.run(
        [amtool, "check-config", "alertmanager.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
    assert "8 receivers" in checked.stdout


def test_mimirs_configuration_names_no_file(tmp_path: Path) -> None:
    out = export(adopt(tmp_path, ADOPTION), "mimir")

    text = (out / "mimir" / "alertmanager.yaml").read_text()

    assert "_file" not in text
    assert "routing_key: ${PAGERDUTY}" in text


@pytest.mark.parametrize("kind", KINDS)
def test_an_exported_receiver_is_that_of_the_page(kind: str, tmp_path: Path) -> None:
    block = on_page(kind)
    settings = block[KINDS[kind].section][0]
    given = {key: settings[key] for key in settings if key not in KINDS[kind].settings}
    receiver = yaml.safe_dump({kind: given}, default_flow_style=True, width=1000)
    text = f"receivers: {{pages: {receiver.strip()}, tickets: {receiver.strip()}}}\n"

    exported = yaml.safe_load(plain(export(adopt(tmp_path, text))))

    assert exported["receivers"][0] == {"name": "pages", **block}


def on_page(kind: str) -> dict[str, Any]:
    """Return the receiver of *kind* in docs/how-to/notify.md, without its name."""
    parsed = [yaml.safe_load(each.code) for each in blocks("yaml contract") if each.page == NOTIFY]
    found = {receiver.pop("name"): receiver for each in parsed for receiver in each["receivers"]}
    named: dict[str, dict[str, Any]] = {
        NAMES_ON_PAGE.get(name, name): found[name] for name in found
    }
    return named[kind]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with webhook_receiver() as received:
        yield received


@pytest.fixture
def alertmanager(inbox: Inbox, tmp_path: Path) -> Iterator[Alertmanager]:
    """Alertmanager with the exported routes, and a webhook in place of each receiver."""
    config = yaml.safe_load(plain(export(adopt(tmp_path, ADOPTION))))
    webhook = {"url": f"http://127.0.0.1:{inbox.port}", "send_resolved": False}
    config["receivers"] = [
        {"name": each["name"], "webhook_configs": [webhook] if len(each) > 1 else []}
        for each in config["receivers"]
    ]
    config["route"]["group_wait"] = "1s"
    config["templates"] = []
    for interval in config["time_intervals"]:
        interval["time_intervals"] = [{"years": ["1970"]}]
    with running_alertmanager(yaml.safe_dump(config), tmp_path) as started:
        yield started


def test_alerts_reach_their_team_and_environment(alertmanager: Alertmanager, inbox: Inbox) -> None:
    expected = {
        "Watchdog": "heartbeat",
        "ServiceDown": "pages",
        "ServiceAbsent": "pages-payments",
        "ServiceRestarting": "tickets-payments",
        "HttpServerErrorRatioHigh": "pages",
        "TargetDown": "tickets-search",
        "HttpServerRequestsStuck": "tickets-staging",
        "ErrorBudgetBurn": "tickets-search",
    }

    alertmanager.post(
        alert("Watchdog", "none"),
        alert("ServiceDown", "critical", job="shop", env="live"),
        alert("ServiceAbsent", "critical", job="pay", owner="payments"),
        alert("ServiceRestarting", "warning", job="pay", owner="payments"),
        alert("HttpServerErrorRatioHigh", "critical", job="find", owner="search"),
        alert("TargetDown", "warning", job="find", owner="search"),
        alert("HttpServerRequestsStuck", "critical", job="shop", env="staging", owner="payments"),
        alert("ErrorBudgetBurn", "critical", job="find", env="test", owner="search"),
    )

    until(lambda: len(inbox.receivers()) == len(expected), within_seconds=WITHIN_SECONDS)
    assert inbox.receivers() == expected


def test_tenants_are_told_apart_in_groups_and_inhibition(
    alertmanager: Alertmanager, inbox: Inbox
) -> None:
    alertmanager.post(
        alert("ServiceDown", "critical", job="shop", tenant="a"),
        alert("HttpServerRequestsStuck", "critical", job="shop", tenant="a"),
        alert("ServiceDown", "critical", job="shop", tenant="b"),
        alert("TargetDown", "warning", job="shop", tenant="a"),
        alert("TargetDown", "warning", job="shop", tenant="c"),
    )

    until(lambda: len(inbox.notifications) == 3, within_seconds=WITHIN_SECONDS)
    assert sorted(len(each["alerts"]) for each in inbox.notifications) == [1, 1, 2]
    assert alertmanager.suppressed() == {("TargetDown", "shop")}
