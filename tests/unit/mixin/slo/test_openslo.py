"""OpenSLO 1.0: what is supported is read, and the rest is rejected."""

from pathlib import Path

import pytest

from sightline.mixin.slo import reading
from sightline.mixin.slo.objective import Objective, SloError

METRIC = "{metricSource: {type: Prometheus, spec: {query: QUERY}}}"
SLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders, labels: {team: pay}}
spec:
  service: shop
  indicatorRef: good-orders
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: Good, target: 0.99}]
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: good-orders}
spec:
  ratioMetric:
    counter: true
    good: GOOD
    total: TOTAL
""".replace("GOOD", METRIC.replace("QUERY", "'sum(orders_total{ok=\"yes\"})'")).replace(
    "TOTAL", METRIC.replace("QUERY", "orders_total")
)


def read(tmp_path: Path, text: str) -> tuple[Objective, ...]:
    file = tmp_path / "openslo.yaml"
    file.write_text(text)
    return reading.read(file)


def test_an_indicator_is_found_by_its_name(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, SLO)

    assert (objective.service, objective.name, objective.days) == ("shop", "orders", 28)
    assert objective.labels == {"team": "pay"}


def test_counters_become_rates(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, SLO)

    assert objective.indicator.good == 'sum(rate(orders_total{ok="yes"}[{{.window}}]))'
    assert objective.indicator.events == "sum(rate(orders_total[{{.window}}]))"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("openslo/v1", "openslo/v1alpha", "openslo/v1alpha is not supported: expected openslo/v1"),
        ("Occurrences", "Timeslices", "budgetingMethod 'Timeslices' is not supported"),
        ("isRolling: true", "isRolling: false", "calendar windows are not supported"),
        ("ratioMetric", "ratio", "expected exactly one of ratioMetric, thresholdMetric"),
        ("type: Prometheus", "type: Datadog", "type 'Datadog' is not supported"),
        ("target: 0.99", "target: 0.99, op: lte", "op of an objective requires a thresholdMetric"),
        ("target: 0.99", "target: 0.99, compositeWeight: 2", "compositeWeight of an objective is"),
        ("target: 0.99", "target: 0.99, targetPercent: 99", "exactly one of target, targetPercent"),
        ("type: Prometheus", "metricSourceRef: mine", "expected a DataSource of this file, or a"),
        ("service: shop", "service: shop\n  alertPolicies: [a]", "alertPolicies are not supported"),
        ("Ref: good-orders", "Ref: other", "indicatorRef 'other': expected an SLI of this file"),
        ("kind: SLI", "kind: AlertPolicy", "kind 'AlertPolicy' is not supported"),
        ("query: orders_total", "query: 'max(orders_total)'", "expected a counter, its sum"),
    ],
)
def test_what_is_not_supported_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(SloError, match=r"openslo.yaml:\d+: ") as raised:
        read(tmp_path, SLO.replace(old, new))

    assert problem in str(raised.value)


def test_the_type_of_a_query_is_that_of_its_data_source(tmp_path: Path) -> None:
    source = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: mine}\nspec: {type: TYPE}"
    text = SLO.replace("type: Prometheus", "metricSourceRef: mine") + f"\n---\n{source}\n"

    assert len(read(tmp_path, text.replace("TYPE", "Prometheus"))) == 1
    with pytest.raises(SloError, match="type 'CloudWatch' is not supported"):
        read(tmp_path, text.replace("TYPE", "CloudWatch"))


THRESHOLD = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: depth}
spec:
  service: shop
  indicator: {spec: {METRIC}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{OBJECTIVE}]
"""


def test_a_threshold_counts_evaluations(tmp_path: Path) -> None:
    metric = "thresholdMetric: " + METRIC.replace("QUERY", "max(queue_depth)")
    text = THRESHOLD.replace("METRIC", metric)
    (objective,) = read(tmp_path, text.replace("OBJECTIVE", "target: 0.99, op: lte, value: 500"))

    assert objective.indicator.good == "(max(queue_depth)) <= bool 500"
    assert objective.indicator.events == "(max(queue_depth)) * 0 + 1"


@pytest.mark.parametrize(("kind", "ratio"), [("failure", "r"), ("success", "1 - (r)")])
def test_a_stored_ratio_is_read(tmp_path: Path, kind: str, ratio: str) -> None:
    metric = f"ratioMetric: {{rawType: {kind}, raw: {METRIC.replace('QUERY', 'r')}}}"
    text = THRESHOLD.replace("METRIC", metric).replace("OBJECTIVE", "target: 0.99")

    assert read(tmp_path, text)[0].indicator.ratio == ratio
