"""Resources of Pyrra."""

from pathlib import Path

import pytest

from sightline.mixin.slo import reading
from sightline.mixin.slo.objective import Objective, SloError

SLO = """
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: orders-errors
  namespace: monitoring
  labels: {prometheus: k8s, pyrra.dev/team: pay}
  annotations: {pyrra.dev/runbook: 'https://wiki/orders'}
spec:
  target: "99"
  window: 2w
  description: Orders succeed.
  alerting: {name: OrdersBurn, absent: false}
  indicator:
    ratio:
      errors: {metric: 'http_requests_total{job="shop", code=~"5.."}'}
      total: {metric: 'http_requests_total{job="shop"}'}
      grouping: [handler]
"""
LATENCY = """{latency: {success: {metric: 'd_bucket{le="1"}'}, total: {metric: d_count}}}"""


def read(tmp_path: Path, text: str) -> tuple[Objective, ...]:
    file = tmp_path / "pyrra.yaml"
    file.write_text(text)
    return reading.read(file)


def test_a_ratio_is_read_with_its_alerts(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, SLO)

    rate = 'sum by (handler) (rate(http_requests_total{job="shop"}[{{.window}}]))'
    assert objective.indicator.events == rate
    assert (objective.service, objective.name, objective.days) == ("shop", "orders-errors", 14)
    assert (objective.page.name, objective.missing) == ("OrdersBurn", "")
    assert objective.labels == {"team": "pay"}
    assert objective.page.annotations == {"runbook": "https://wiki/orders"}


def test_latency_counts_the_bucket_as_good(tmp_path: Path) -> None:
    head, _, _ = SLO.partition("  indicator:")
    (objective,) = read(tmp_path, f"{head}  indicator: {LATENCY}\n")

    assert objective.indicator.good == 'sum (rate(d_bucket{le="1"}[{{.window}}]))'
    assert objective.service == "orders-errors"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("ratio:", "latencyNative:", "indicator latencyNative is not supported"),
        ("[handler]", "[job]", "grouping: 'job' cannot be a label here"),
        ("{prometheus: k8s, pyrra.dev/team", "{pyrra.dev/to-whom", "'to-whom' cannot be the name"),
        ("target:", "goal:", "spec has no 'target'"),
        (
            "{metric: 'http_requests_total{job=\"shop\"}'}",
            "{metric: 'sum(a)'}",
            "expected a metric",
        ),
        ("absent: false", "absents: false", "unknown key 'absents' in alerting"),
        ("2w", "2d", "period '2d': expected whole days, from 7d"),
    ],
)
def test_what_is_not_supported_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(SloError, match=r"pyrra.yaml:\d+: ") as raised:
        read(tmp_path, SLO.replace(old, new))

    assert problem in str(raised.value)


def test_samples_of_a_boolean_gauge_are_events(tmp_path: Path) -> None:
    head, _, _ = SLO.partition("  indicator:")
    gauge = "{bool_gauge: {metric: probe_success, grouping: [target]}}"
    (objective,) = read(tmp_path, f"{head}  indicator: {gauge}\n")

    rate = "sum by (target) (KIND_over_time(probe_success[{{.window}}]))"
    assert objective.indicator.good == rate.replace("KIND", "sum")
    assert objective.indicator.events == rate.replace("KIND", "count")
