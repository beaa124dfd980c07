"""The adoption file: what it accepts, and what its errors say."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from sightline.artifacts import PROMETHEUS
from sightline.export import main
from sightline.export.receivers import KINDS
from sightline.export.settings import read
from sightline.export.thresholds import BUDGET_ALERTS
from sightline.export.times import NAMES
from sightline.mixin.adoption_reference import SCHEMA
from tests.exports import ADOPTION, adopt

RULES = json.loads(SCHEMA.read_text())

COMPLETE = (
    ADOPTION
    + """\
  teams:
    payments:
      pages: {opsgenie: {api_key_file: /etc/secrets/opsgenie, api_url: https://api.example.com/}}
      tickets: {teams: {webhook_url_file: /etc/secrets/teams}}
  environments:
    staging:
      tickets:
        email: {to: a@example.com, from: b@example.com, smarthost: "smtp.example.com:587",
                auth_username: b, auth_password_file: /etc/secrets/mail}
alert_labels: {team: core}
histograms: native
enabled: [services, slo]
routing:
  environment: env
  team: owner
  production: [live]
  mute_times:
    deployments: [{weekdays: ["monday:friday"], from: "09:00", to: "10:00", location: Europe/Rome}]
    nights-and-weekends: [{weekdays: [sunday]}]
"""
)

REJECTED_BY_BOTH = [
    ("url: {}", "unknown key 'url' in the document: did you mean 'urls'"),
    ("urls: {grafana: here}", "grafana: 'here' expected a URL like https://"),
    ("urls: {runbooks: https://a.example}", "has no {alert}: expected it in place"),
    ("identity: {cluster: a-b}", "cluster: 'a-b' cannot name a place of services"),
    ("identity: {pod: a}", "unknown key 'pod' in identity"),
    ("identity: {without: [job]}", "without: 'job' expected one of cluster, namespace"),
    ("identity: {also: tenant}", "also: expected a list of texts, found a text"),
    ("thresholds: [{alert: TargetDown}]", "thresholds has no 'value', which is required"),
    ("thresholds: [{alert: TargetDown, value: low}]", "value: expected a number, found 'low'"),
    (
        "thresholds: [{alert: TargetDown, value: 1, service: 'shop-.*'}]",
        "service: 'shop-.*' is a pattern: expected the name of one service",
    ),
    ("grafana: {uid_prefix: 'a b'}", "uid_prefix: 'a b' expected at most 16 letters"),
    ("histograms: exponential", "'exponential' expected one of classic, native"),
    ("scrape_interval: often", "scrape_interval: 'often': expected a duration"),
    ("receivers: {pages: {}, tickets: {}}", "expected one of slack, pagerduty"),
    ("receivers: {pages: {slack: {}}}", "slack has no 'api_url_file', which is required"),
    (
        "receivers: {pages: {slack: {api_url: https://a.example, channel: a}}}",
        "slack has no 'api_url_file', which is required",
    ),
    (
        "receivers: {pages: {webhook: {url_file: secret}}}",
        "url_file: 'secret' expected the absolute path of a file that contains the secret",
    ),
    ("routing: {team: a b}", "team: 'a b' is no name of a label"),
    (
        "routing: {mute_times: {deployments: [{weekdays: [someday]}]}}",
        "weekdays: 'someday' expected tuesday or monday:friday",
    ),
]

REJECTED_BY_THE_COMMAND = [
    ("identity: {also: [job]}", "also: 'job' cannot name a place of services"),
    ("disabled: [Nothing]", "disabled: 'Nothing' is neither an alert nor one of"),
    ("enabled: [ServiceDown]", "enabled: 'ServiceDown' is neither one of authentication"),
    ("objectives: [none/*.yaml]", "objectives: no file matches 'none/*.yaml'"),
    ("thresholds: [{alert: Nothing, value: 1}]", "'Nothing' is no alert of these rules"),
    (
        "thresholds: [{alert: ErrorBudgetBurn, value: 1}]",
        "ErrorBudgetBurn follows the objective, which sets its limit",
    ),
    (
        "thresholds: [{alert: TargetDown, value: 1}, {alert: TargetDown, value: 2}]",
        "a threshold of TargetDown is given twice",
    ),
    ("thresholds: [{alert: TargetDown, value: never}]", "value: never expected a service"),
    (
        "thresholds: [{alert: ServiceDown, value: 1, route: /a}]",
        "ServiceDown: expected labels among cluster, job, namespace, got http_route",
    ),
    ("scrape_interval: 5m", "scrape_interval: 5m expected 1s to 2m"),
    (
        "routing: {mute_times: {deployments: [{from: '10:00', to: '09:00'}]}}",
        "to: 09:00 expected a time after 10:00",
    ),
    (
        "routing: {mute_times: {deployments: [{location: Here}]}}",
        "location: 'Here' expected one like Europe/Berlin",
    ),
]


@pytest.mark.parametrize(("line", "message"), REJECTED_BY_BOTH + REJECTED_BY_THE_COMMAND)
def test_an_error_names_file_line_and_expectation(line: str, message: str, tmp_path: Path) -> None:
    file = adopt(tmp_path, f"# ours\n{line}\n")

    with pytest.raises(Exception, match=r"sightline\.yaml:2: ") as raised:
        main([str(tmp_path / "out"), "--config", str(file)])

    assert message in str(raised.value)


@pytest.mark.parametrize("line", [line for line, _ in REJECTED_BY_BOTH])
def test_an_editor_rejects_it_as_well(line: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(line), RULES)


@pytest.mark.parametrize("text", ["{}", ADOPTION, COMPLETE])
def test_command_and_editor_accept_it(text: str, tmp_path: Path) -> None:
    settings = read(adopt(tmp_path, text))

    assert settings.adoption.profile.name == "production"
    jsonschema.validate(yaml.safe_load(text), RULES)


def test_the_schema_has_every_kind_of_receiver_with_its_settings() -> None:
    kinds = RULES["$defs"]["receiver"]["properties"]

    assert {
        name: (tuple(kind["required"]), frozenset(kind["properties"]))
        for name, kind in kinds.items()
    } == {
        name: (kind.required, frozenset(kind.required + kind.optional))
        for name, kind in KINDS.items()
    }


def test_the_mute_times_are_those_of_alertmanagers_file() -> None:
    committed = yaml.safe_load((PROMETHEUS / "alertmanager.production.yml").read_text())

    assert [each["name"] for each in committed["time_intervals"]] == list(NAMES)


def test_the_alerts_of_objectives_are_known_by_name() -> None:
    rules = yaml.safe_load((PROMETHEUS / "rules" / "demo" / "slo.yml").read_text())
    alerts = [
        rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule
    ]

    assert set(alerts) == BUDGET_ALERTS
