"""Alerts with other boundaries for some services and routes, evaluated by promtool."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sightline.mixin import catalogue
from sightline.mixin.model import Alert, Override, Threshold
from tests import promtool

SLOW = Alert(
    name="RouteSlow",
    signal="job_http_route:duration:quantile",
    threshold=Threshold(operator=">", value=1),
    gate="unless on (job) muted",
    hold="0s",
    keep="0s",
    why="Users wait.",
    severity="warning",
    summary="Slow.",
    description="Slow.",
    dashboard="service",
    variables=("job", "http_route"),
)
SERVICE = Override(labels={"job": "report"}, value=10)
ROUTE = Override(labels={"job": "report", "http_route": '/a"$1'}, value=3)
NEVER = Override(labels={"http_route": "/stream"}, value=None)
SERIES = {
    'job_http_route:duration:quantile{job="web", http_route="/"}': "2x9",
    'job_http_route:duration:quantile{job="web", http_route="/stream"}': "60x9",
    'job_http_route:duration:quantile{job="report", http_route="/"}': "5x9",
    'job_http_route:duration:quantile{job="report", http_route="/a\\"$1"}': "5x9",
    'job_http_route:duration:quantile{job="old", http_route="/"}': "5x9",
    'muted{job="old"}': "1x9",
    'usual{job="report"}': "1x9",
}
WEB = '{job="web", http_route="/"}'
STREAM = '{job="web", http_route="/stream"}'
REPORT = '{job="report", http_route="/"}'
REPORT_ROUTE = '{job="report", http_route="/a\\"$1"}'
FIRING = {WEB, STREAM, REPORT, REPORT_ROUTE}


@pytest.mark.parametrize("major", [2, 3])
@pytest.mark.parametrize(
    ("overrides", "firing"),
    [
        ((), FIRING),
        ((SERVICE,), {WEB, STREAM}),
        ((SERVICE, ROUTE), {WEB, STREAM, REPORT_ROUTE}),
        ((NEVER, ROUTE, SERVICE), {WEB, REPORT_ROUTE}),
        ((Override(labels={"job": "web"}, value=1.5),), FIRING),
    ],
)
def test_an_override_applies_to_its_series_only(
    overrides: tuple[Override, ...], firing: set[str], major: int, tmp_path: Path
) -> None:
    assert complaints(SLOW, overrides, firing, major, tmp_path) == ""


@pytest.mark.parametrize(
    ("overrides", "firing"),
    [((), {WEB, STREAM}), ((Override(labels={"job": "report"}, value=4),), FIRING)],
)
def test_a_default_gate_does_not_apply_to_an_override(
    overrides: tuple[Override, ...], firing: set[str], tmp_path: Path
) -> None:
    usually_slow = replace(SLOW, default_gate="unless on (job) usual")

    assert complaints(usually_slow, overrides, firing, 3, tmp_path) == ""


def complaints(
    alert: Alert, overrides: tuple[Override, ...], firing: set[str], major: int, folder: Path
) -> str:
    """Return the output of promtool if other series of *alert* than *firing* fire."""
    rule = {"alert": alert.name, "expr": alert.expr_with(overrides)}
    labels = f'ALERTS{{alertname="{alert.name}", alertstate="firing", '
    samples = [{"labels": labels + each.removeprefix("{"), "value": 1} for each in firing]
    asked = {"eval_time": "5m", "expr": "ALERTS", "exp_samples": samples}
    series = [{"series": name, "values": values} for name, values in SERIES.items()]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [asked]}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [rule]}]}))
    story = folder / "story.yml"
    story.write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": [test]}))
    return promtool.complaints(promtool.binary(major), "test", "rules", story)


def test_an_override_of_a_label_that_the_signal_lacks_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"ServiceDown: expected labels among cluster, .* got pod"):
        catalogue.alert("ServiceDown").expr_with([Override(labels={"pod": "a"}, value=1)])


def test_an_alert_without_a_boundary_cannot_be_overridden() -> None:
    with pytest.raises(ValueError, match="Watchdog: has no threshold to override"):
        catalogue.alert("Watchdog").expr_with([SERVICE])


@pytest.mark.parametrize("labels", [{}, {"job": ""}])
def test_an_override_without_a_label_is_rejected(labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected at least one label, none of them empty"):
        Override(labels=labels, value=1)
