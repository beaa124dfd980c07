"""Contract of the alerts: severity, summary, description, runbook and tests."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from promql_parser import AggregateExpr, MatrixSelector

from instrumentation.conventions import METRICS
from sightline.artifacts import ENV_FILE, ROOT
from sightline.environment import read_env_file
from sightline.lint import promql
from sightline.mixin import catalogue, foreign
from sightline.mixin.config import DEMO, PRODUCTION
from sightline.mixin.model import Alert, Record
from sightline.new_alert import PLACEHOLDER
from tests import promtool

USERS_SUFFER = {"ServiceDown", "ServiceAbsent", "HttpServerRequestsStuck", "ErrorBudgetBurn"}
NO_ALERT_ARRIVES = {
    *("WatchdogNotReceived", "AlertmanagerNotificationsFailing"),
    *("PrometheusNotIngestingSamples", "PrometheusNotConnectedToAlertmanagers"),
    *("PrometheusErrorSendingAlerts", "AlertmanagerClusterCrashLooping"),
}
NEVER_SILENT = {"Watchdog"}
QUERY = re.compile("(?:query|printf) `(.+?)`")
RETENTION = timedelta(days=31)

FOREIGN_LABELS = {
    *("cluster", "namespace"),  # of targets, where they have them
    *("job", "instance", "le", "__name__"),  # Prometheus and its clients
    *("quantile", "sli", "slo", "window"),  # our own recording rules
    *("cluster", "namespace"),  # Prometheus, where several clusters write to one
    *(
        "alertmanager",
        "alertstate",
        "mechanism",
        "remote_name",
        "rule_group",
        "scrape_job",
        "type",
        "url",
    ),  # Prometheus of itself
    "integration",  # Alertmanager
    *("receiver", "transport", "exporter", "operation", "result"),  # Jaeger
}
LABELS = {label for metric in METRICS.values() for label in metric.labels} | FOREIGN_LABELS
SERIES = {series for metric in METRICS.values() for series in metric.series} | foreign.NAMES

ALERTS = catalogue.alerts()
RULES = catalogue.rules()
RECORDED = {rule.name for rule in RULES if isinstance(rule, Record)}


def named(alert: Alert) -> str:
    return f"{alert.name} {alert.labels.get('window', '')}".strip()


def asked(rule: Alert | Record) -> Iterator[str]:
    """The expression of *rule* and every query in its texts."""
    yield rule.expr
    texts = rule.annotations().values() if isinstance(rule, Alert) else ()
    yield from (query.replace("%s", "x") for text in texts for query in QUERY.findall(text))


def labels(expr: str) -> Iterator[str]:
    """Every label that *expr* matches or groups by."""
    for node, _ in promql.nodes(promql.tree(expr)):
        if isinstance(node, AggregateExpr) and node.modifier:
            yield from node.modifier.labels
    for selector, _ in promql.selectors(promql.tree(expr)):
        yield from promql.matchers(selector)


def stories() -> list[dict[str, Any]]:
    return [test for path in promtool.FILES for test in promtool.story(path)["tests"]]


def fires(test: dict[str, Any]) -> bool:
    told = [each.get("exp_alerts") for each in test.get("alert_rule_test", ())]
    seen = [each["exp_samples"] for each in test.get("promql_expr_test", ())]
    return any(told) or any(seen)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_metric_and_label_exists(rule: Alert | Record) -> None:
    selectors = [promql.selectors(promql.tree(expr)) for expr in asked(rule)]
    metrics = {promql.metric(selector) for found in selectors for selector, _ in found} - {""}

    assert metrics - SERIES - RECORDED == set()
    assert {label for expr in asked(rule) for label in labels(expr)} - LABELS == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_rule_looks_back_further_than_prometheus_keeps(rule: Alert | Record) -> None:
    nodes = [node for expr in asked(rule) for node, _ in promql.nodes(promql.tree(expr))]
    ranges = [node.range for node in nodes if isinstance(node, MatrixSelector)]

    assert all(length < RETENTION for length in ranges)


def test_no_file_has_a_placeholder_of_a_new_alert() -> None:
    files = [
        *(ROOT / "prometheus" / "tests").glob("*.yml"),
        *(ROOT / "docs" / "runbooks").glob("*.md"),
        *(ROOT / "sightline" / "mixin" / "alerts").glob("*.py"),
    ]

    assert files
    assert [file.name for file in files if PLACEHOLDER in file.read_text()] == []


def test_both_profiles_record_and_alert_the_same() -> None:
    names = [[rule.name for rule in catalogue.rules(profile)] for profile in (DEMO, PRODUCTION)]

    assert names[0] == names[1]


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_name_is_level_metric_operation_without_a_window(name: str) -> None:
    assert re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z_0-9]+", name)
    assert not re.search(r"\d+[smhd]", name)


@pytest.mark.parametrize("alert", ALERTS, ids=named)
def test_an_alert_speaks_in_sentences(alert: Alert) -> None:
    assert alert.summary.endswith(".")
    assert alert.description.endswith(".")
    assert alert.why.endswith(".")


def test_an_alert_pages_if_users_suffer_now_or_if_no_alert_would_arrive() -> None:
    pages = {alert.name for alert in ALERTS if alert.severity == "critical"}

    assert pages == USERS_SUFFER | NO_ALERT_ARRIVES


def test_every_alert_has_a_story_in_which_it_fires() -> None:
    told = {promtool.subject(test) for test in stories() if fires(test)}

    assert {alert.name for alert in ALERTS} - told == set()


def test_every_alert_has_a_story_in_which_it_stays_silent() -> None:
    told = {promtool.subject(test) for test in stories() if not fires(test)}

    assert {alert.name for alert in ALERTS} - told == NEVER_SILENT


@pytest.mark.parametrize("name", ["dashboard_url", "runbook_url"])
def test_addresses_in_notifications_are_those_of_the_stack(name: str) -> None:
    ports = {value for key, value in read_env_file(ENV_FILE).items() if key.endswith("_PORT")}

    urls = [alert.annotations()[name] for alert in ALERTS]
    found = {address for url in urls for address in re.findall(r"//(\w+):(\d+)", url)}

    assert {host for host, _ in found} == {"localhost"}
    assert {port for _, port in found} <= ports
