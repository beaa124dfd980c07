"""Exported rules on generated data: rare scrapes, tenants, labels and thresholds."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightline.mixin import catalogue
from sightline.mixin.config import PRODUCTION
from sightline.mixin.model import Alert
from tests import promtool
from tests.exports import adopt, alerts, contents, export

ADOPTION = """\
scrape_interval: 2m
identity: {cluster: k8s_cluster, without: [namespace], also: [tenant, team]}
objectives: [slos/*.yaml]
alert_labels: {team: core}
thresholds:
  - {alert: HttpServerErrorRatioHigh, value: never, service: shop}
"""

REQUESTS = "http_server_request_duration_seconds_count"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(adopt(tmp_path_factory.mktemp("adoption"), ADOPTION))


def served(
    tenant: str, status: int, values: str, job: str = "shop", team: str = ""
) -> dict[str, str]:
    labels = (
        f'{place(tenant, job, team)}, http_route="/", http_request_method="GET", '
        f'http_response_status_code="{status}"'
    )
    return {"series": f"{REQUESTS}{{{labels}}}", "values": values}


def up(tenant: str, job: str = "shop", team: str = "") -> dict[str, str]:
    return {"series": f"up{{{place(tenant, job, team)}}}", "values": "1x100"}


def place(tenant: str, job: str, team: str) -> str:
    """Return the labels of a target. Its namespace is no part of the identity."""
    return (
        f'tenant="{tenant}", job="{job}", team="{team}", namespace="{tenant}", '
        f'instance="{tenant}-{job}:1"'
    )


WORLD = [
    # Tenant a fails, and its traffic is a fiftieth of that of b.
    served("a", 200, "0+1200x100"),
    served("a", 500, "0+1200x100"),
    up("a"),
    served("b", 200, "0+60000x100"),
    up("b"),
    # Another service fails as much, with an owner of its own.
    served("a", 500, "0+1200x100", job="mail", team="post"),
    up("a", job="mail", team="post"),
]


def firing(*expected: tuple[str, int]) -> dict[str, Any]:
    """Return the check that exactly the *expected* alerts and numbers fire after two hours."""
    expr = (
        'count by (alertname, job, tenant, namespace, team) (ALERTS{alertstate="firing", '
        'alertname=~"ErrorBudgetBurn|HttpServerErrorRatioHigh"})'
    )
    samples = [{"labels": labels, "value": value} for labels, value in expected]
    return {"eval_time": "2h", "expr": expr, "exp_samples": samples}


@pytest.mark.parametrize("major", [2, 3])
def test_scrapes_every_two_minutes_page_for_the_failing_tenant_alone(
    major: int, out: Path, tmp_path: Path
) -> None:
    checks = firing(
        ('{alertname="ErrorBudgetBurn", job="shop", team="core", tenant="a"}', 4),
        ('{alertname="HttpServerErrorRatioHigh", job="mail", team="post", tenant="a"}', 1),
    )
    story = {
        "rule_files": [str(path) for path in (out / "prometheus" / "rules").glob("*.yml")],
        "evaluation_interval": "30s",
        "tests": [{"interval": "2m", "input_series": WORLD, "promql_expr_test": [checks]}],
    }
    (tmp_path / "story.yml").write_text(yaml.safe_dump(story))

    found = promtool.complaints(promtool.binary(major), "test", "rules", tmp_path / "story.yml")

    assert found == ""


def test_absent_labels_stand_nowhere(out: Path) -> None:
    files = contents(out)

    assert [
        name
        for name, text in files.items()
        if not name.startswith("runbooks/")
        and re.search(r"\b(cluster|namespace)(=|!=|, |\))", text)
    ] == []


def test_every_dashboard_has_a_variable_for_each_label(out: Path) -> None:
    dashboards = (json.loads(path.read_text()) for path in (out / "grafana").rglob("*.json"))

    names = [[each["name"] for each in board["templating"]["list"]] for board in dashboards]

    assert all({"k8s_cluster", "tenant", "team"} <= {*each} for each in names)
    assert not any({"cluster", "namespace"} & {*each} for each in names)


def test_panels_have_no_step_below_the_scrape_interval(out: Path) -> None:
    board = json.loads((out / "grafana" / "dashboards" / "service.json").read_text())

    assert {panel["interval"] for panel in queried(board["panels"])} == {"2m"}


def queried(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the panels with queries of Prometheus, also those in folded rows."""
    found = [panel for each in panels for panel in (each, *each.get("panels", ()))]
    return [each for each in found if any("expr" in target for target in each.get("targets", ()))]


def test_every_threshold_can_be_that_of_one_service(tmp_path: Path) -> None:
    files = catalogue.shared_files(PRODUCTION)
    names = {alert.name for file in files for alert in file.alerts if overridable(alert)}
    entries = [{"alert": name, "value": 1234567, "service": "shop"} for name in sorted(names)]
    out = export(adopt(tmp_path, yaml.safe_dump({"thresholds": entries})))
    rules = sorted((out / "prometheus" / "rules").glob("*.yml"))

    exprs = {alert["alert"]: alert["expr"] for alert in alerts(out)}

    assert len(names) > 30
    assert {name for name, expr in exprs.items() if "1.23457e+06" in expr} == names
    assert promtool.complaints(promtool.binary(3), "check", "rules", *rules) == ""


def overridable(alert: Alert) -> bool:
    """Return true if *alert* has a threshold, and the label of a service."""
    return alert.threshold is not None and "job" in alert.variables
