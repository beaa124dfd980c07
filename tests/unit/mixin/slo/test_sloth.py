"""Files of Sloth: each key is honored or rejected."""

from pathlib import Path

import pytest

from sightline.mixin.slo import reading
from sightline.mixin.slo.objective import Objective, SloError

SLI = "{events: {error_query: 'rate(e[{{ .window }}])', total_query: 'rate(t[{{.window}}])'}}"
ALERTING = """
      name: Burns
      labels: {routing_key: pay}
      annotations: {summary: Too many failures}
      page_alert: {labels: {severity: pageteam}}
      ticket_alert: {disable: true}
"""
FILE = """
version: prometheus/v1
service: shop
labels: {owner: team-a, tier: "2"}
slos:
  - name: orders
    objective: 99.9
    description: Orders succeed.
    labels: {tier: "1"}
    sli: SLI
    alerting: ALERTING
"""
RESOURCE = """
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: shop, namespace: monitoring}
spec:
  service: shop
  slos:
    - name: orders
      objective: 99.9
      sli: {raw: {errorRatioQuery: 'rate(e[{{.window}}]) / rate(t[{{.window}}])'}}
      alerting: {name: Burns, pageAlert: {disable: true}, ticketAlert: {labels: {to: mail}}}
"""


def read(tmp_path: Path, text: str) -> tuple[Objective, ...]:
    file = tmp_path / "sloth.yaml"
    file.write_text(text.replace("SLI", SLI).replace("ALERTING", ALERTING))
    return reading.read(file)


def test_names_labels_and_annotations_are_kept(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, FILE)

    assert (objective.page.name, objective.ticket.enabled) == ("Burns", False)
    assert objective.page.labels["severity"] == "pageteam"
    assert objective.page.labels["routing_key"] == "pay"
    assert objective.page.annotations["summary"] == "Too many failures"
    assert objective.labels["owner"] == "team-a"
    assert objective.labels["tier"] == "1"
    assert objective.labels["sloth_id"] == "shop-orders"


def test_a_window_may_be_written_with_spaces(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, FILE)

    assert objective.indicator.bad == "rate(e[{{.window}}])"


def test_no_alert_is_held_back_by_a_number_of_errors(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, FILE)

    assert (objective.min_errors, objective.min_events) == (0, 0)


def test_every_document_is_read(tmp_path: Path) -> None:
    other = FILE.replace("service: shop", "service: books")

    assert [each.service for each in read(tmp_path, f"{FILE}---{other}---\n")] == ["shop", "books"]


def test_the_resource_for_kubernetes_is_read(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, RESOURCE)

    assert objective.indicator.ratio == "rate(e[{{.window}}]) / rate(t[{{.window}}])"
    assert (objective.page.enabled, objective.ticket.labels["to"]) == (False, "mail")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (FILE.replace("SLI", "{plugin: {id: a/b}}"), "sli.plugin 'a/b' is not supported"),
        (FILE + "    plugins: {chain: []}\n", "plugins is not supported"),
        (FILE.replace("slos:", "slo_plugins: {chain: []}\nslos:"), "slo_plugins is not supported"),
        (FILE.replace("objective:", "objectives:"), "has no 'objective'"),
        (FILE.replace("ALERTING", "{pageAlert: {}}"), "unknown key 'pageAlert'"),
        (RESOURCE.replace("kind: Prom", "kind: From"), "expected PrometheusServiceLevel"),
        (FILE.replace("SLI", "{raw: {error_ratio_query: 'a'}}"), "expected {{.window}}"),
    ],
)
def test_what_is_not_supported_is_named_with_its_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(SloError, match=r"sloth.yaml:\d+: ") as raised:
        read(tmp_path, text)

    assert problem in str(raised.value)
