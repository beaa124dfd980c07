"""`sightline lint` on a dashboard and a rule file with one mistake at a time."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sightline.artifacts import DASHBOARDS, ROOT
from sightline.errors import ConfigurationError
from sightline.grafana.dashboard import Dashboard
from sightline.lint.board import Board
from sightline.lint.report import main
from sightline.lint.rule_file import RuleFile
from sightline.lint.run import DASHBOARD_RULES, FILE_RULES, SOURCE_RULES, lint
from tests.linting import BUCKETS, CHOSEN, REQUESTS, Json, Lint, asking, dashboard


def without(key: str) -> Json:
    return {name: value for name, value in dashboard().items() if name != key}


def choosing(number: int, **changes: object) -> Json:
    changed = dashboard()
    changed["templating"]["list"][number] |= changes
    return changed


def places(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401  JSON
    """Yield the path of every value in *document*."""
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in pairs:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def damaged(document: Json, paths: list[tuple[Any, ...]], value: object) -> Json:
    """Return *document* with *value* at each of *paths* that still exists."""
    document = deepcopy(document)
    for path in paths:
        with suppress(LookupError, TypeError):
            place: Any = document
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value
    return document


FAULTS: dict[str, list[Json]] = {
    "template-datasource-rule": [choosing(0, label="DS")],
    "template-job-rule": [choosing(1, multi=False), choosing(1, allValue=".*")],
    "template-instance-rule": [choosing(2, label="Host")],
    "template-label-promql-rule": [choosing(1, query="label_values(up{, job)")],
    "template-on-time-change-reload-rule": [choosing(1, refresh=1)],
    "uneditable-dashboard": [without("editable")],
    "sightline-identity": [without("uid"), without("description"), dashboard() | {"id": 7}],
    "panel-datasource-rule": [dashboard(datasource={"type": "prometheus", "uid": "P1809F7CD"})],
    "panel-title-description-rule": [dashboard(description="")],
    "panel-units-rule": [dashboard(fieldConfig={"defaults": {"mappings": []}, "overrides": []})],
    "panel-no-targets-rule": [dashboard(targets=[])],
    "sightline-grid": [dashboard(gridPos={"x": 12, "y": 0, "w": 24, "h": 8})],
    "target-promql-rule": [asking("sum(")],
    "target-rate-interval-rule": [asking(REQUESTS.replace("$__rate_interval", "5m"))],
    "target-job-rule": [asking(REQUESTS.replace('job=~"$job", ', ""))],
    "target-instance-rule": [asking(REQUESTS.replace(', instance=~"$instance"', ""))],
    "target-counter-agg-rule": [asking(f"requests_total{{{CHOSEN}}}", "short")],
    "sightline-bucket-bounds": [
        asking(REQUESTS.replace("_count{", '_bucket{le="0.3", ')),
    ],
    "sightline-quantile": [asking(f"histogram_quantile(0.9, sum by (job) ({BUCKETS}))", "s")],
    "sightline-exemplars": [asking('job:requests:rate{job=~"$job"}', exemplar=True)],
    "sightline-steady-series": [asking(f"topk(5, {REQUESTS})")],
    "sightline-unit": [
        asking(REQUESTS, "s"),
        asking(f"histogram_quantile(0.9, sum by (le) ({BUCKETS}))", "ms"),
        asking(f"process_resident_memory_bytes{{{CHOSEN}}}", "s"),
        asking(f"{REQUESTS} / {REQUESTS}", "reqps"),
    ],
    "sightline-links": [
        dashboard(links=[{"title": "On", "url": "/d/nowhere?var-job=x"}]),
        dashboard(links=[{"title": "On", "url": "/d/shop?var-route=x"}]),
    ],
}

CASES = [(rule, fault) for rule, faults in FAULTS.items() for fault in faults]


def test_a_correct_dashboard_has_no_findings(found: Lint) -> None:
    assert found(dashboard()) == set()


@pytest.mark.parametrize(("rule", "fault"), CASES, ids=lambda value: str(value)[:40])
def test_each_mistake_in_a_dashboard_is_found_by_its_rule(
    found: Lint, rule: str, fault: Json
) -> None:
    assert found(fault) == {rule}


FLEET = json.loads((DASHBOARDS / "fleet.json").read_text())
WRONG: st.SearchStrategy[object] = st.sampled_from([None, 3, "text", [], {}, True, 1e400])


@given(st.lists(st.sampled_from(sorted(places(FLEET), key=str)), min_size=1, max_size=5), WRONG)
def test_a_dashboard_with_values_of_the_wrong_type_is_linted(
    chosen: list[tuple[Any, ...]], value: object
) -> None:
    broken = Dashboard.from_json(damaged(FLEET, chosen, value))
    board = Board(path=Path("x.json"), dashboard=broken, siblings={})

    findings = [list(rule.check(board)) for rule in DASHBOARD_RULES]

    assert len(findings) == len(DASHBOARD_RULES)


def test_overlapping_panels_and_repeated_ids_are_found(found: Lint) -> None:
    doubled = dashboard()
    doubled["panels"] *= 2

    assert found(doubled) == {"sightline-grid", "sightline-panel-ids"}


ANNOTATIONS = dict.fromkeys(("summary", "description", "runbook_url"), "…")


def alert(**changes: object) -> Json:
    """Return a correct rule file with *changes* to its alert."""
    rule = {
        "alert": "ShopClosed",
        "expr": "sum by (job) (up) == 0",
        "labels": {"severity": "critical"},
        "annotations": ANNOTATIONS,
    }
    return {"groups": [{"name": "shop", "rules": [rule | changes]}]}


def record(name: str, expr: str = "sum by (job) (up)") -> Json:
    return {"groups": [{"name": "shop", "rules": [{"record": name, "expr": expr}]}]}


RULE_FAULTS = {
    "promql/syntax": alert(expr="sum("),
    "rule/name": record("requests_rate"),
    "alerts/comparison": alert(expr="up"),
    "alerts/annotation": alert(annotations={"summary": "…"}),
    "alerts/severity": alert(labels={"severity": "page"}),
    "alerts/template": alert(labels={"severity": "info", "value": "{{ $value }}"}),
    "alerts/localhost": alert(
        annotations=ANNOTATIONS | {"dashboard_url": "http://localhost:3000/d/shop"}
    ),
    "promql/counter": alert(expr="rate(process_resident_memory_bytes[5m]) > 0"),
    "promql/regexp": alert(expr='up{job=~"shop"} == 0'),
    "rule/dependency": alert(expr="job:requests:rate < 1"),
    "rule/duplicate": {"groups": [{"name": "shop", "rules": alert()["groups"][0]["rules"] * 2}]},
    "group/interval": {"groups": [record("job:up:sum")["groups"][0] | {"interval": "10m"}]},
}


@given(st.lists(st.sampled_from(sorted(places(alert()), key=str)), min_size=1, max_size=3), WRONG)
def test_a_rule_file_with_values_of_the_wrong_type_is_linted(
    chosen: list[tuple[Any, ...]], value: object
) -> None:
    broken = RuleFile.from_yaml(damaged(alert(), chosen, value))

    findings = [list(rule.check(broken)) for rule in FILE_RULES]

    assert len(findings) == len(FILE_RULES)


def test_correct_rules_have_no_findings(found: Lint) -> None:
    assert found(alert(), "rules.yml") | found(record("job:up:sum"), "rules.yml") == set()


@pytest.mark.parametrize(("rule", "fault"), RULE_FAULTS.items(), ids=list(RULE_FAULTS))
def test_each_mistake_in_a_rule_file_is_found_by_its_rule(
    found: Lint, rule: str, fault: Json
) -> None:
    assert found(fault, "rules.yml") == {rule}


def test_an_address_of_the_server_replaces_localhost(found: Lint) -> None:
    url = '{{ or $externalLabels.url "http://localhost:3000" }}/d/shop'

    assert found(alert(annotations=ANNOTATIONS | {"url": url}), "rules.yml") == set()


def test_rules_inside_a_kubernetes_object_are_found(found: Lint) -> None:
    wrapped = {"kind": "PrometheusRule", "spec": alert(expr="up")}

    assert found(wrapped, "rules.yml") == {"alerts/comparison"}


LOGS = {"type": "loki", "uid": "${datasource}"}
UNKNOWN = {"uid": "logs"}


@pytest.mark.parametrize(
    "document",
    [
        asking('{app="shop"} |= "error" | json', datasource=UNKNOWN),
        choosing(1, query='label_values({app="shop"}, job)', datasource=LOGS),
        asking("rate(apache_duration_ms_total[5m]) / rate(apache_accesses_total[5m])", "ms"),
        asking("rate(node_nfsd_disk_bytes_read_total[5m])", "Bps"),
        asking(REQUESTS, "items/sec"),
        asking("cluster:namespace:pod_memory:active:kube_pod_container_resource_limits", "bytes"),
        asking(f"1_000 * {REQUESTS}"),
        asking(f"holt_winters(up{{{CHOSEN}}}[1h], 0.5, 0.5)"),
        asking(f"max_over_time(up{{{CHOSEN}}}[5m+1m])"),
        asking(f"$agg(up{{{CHOSEN}}})"),
        asking(f"$agg by (job) (up{{{CHOSEN}}})"),
        asking(f"up{{{CHOSEN}, $filters}}"),
    ],
    ids=range(12),
)
def test_a_valid_query_has_no_finding_on_syntax_or_unit(found: Lint, document: Json) -> None:
    rules = {"target-promql-rule", "sightline-unit", "template-label-promql-rule"}

    assert found(document) & rules == set()


@pytest.mark.parametrize("expr", ["(" * 5000, "up and (" * 101 + "up" + ")" * 101])
def test_a_query_that_is_nested_too_deeply_is_reported(found: Lint, expr: str) -> None:
    assert "target-promql-rule" in found(asking(expr))


@pytest.mark.parametrize(
    "expr",
    [
        f"histogram_quantile(0.9, sum(rate(durations_seconds{{{CHOSEN}}}[$__rate_interval])))",
        f"system_cpu_logical_count{{{CHOSEN}}}",
    ],
    ids=["a native histogram has no le", "a gauge may end in _count"],
)
def test_a_query_that_only_resembles_a_mistake_has_no_finding(found: Lint, expr: str) -> None:
    assert found(asking(expr, "s")) - {"sightline-unit"} == set()


NAMES = [rule.name for rules in (DASHBOARD_RULES, FILE_RULES, SOURCE_RULES) for rule in rules]


def test_every_rule_is_documented() -> None:
    page = (ROOT / "docs/how-to/lint.md").read_text(encoding="utf-8")

    assert [name for name in NAMES if f"`{name}`" not in page] == []


def test_a_lint_file_excludes_a_rule_with_a_reason(found: Lint, tmp_path: Path) -> None:
    entry = {"dashboard": "Shop", "panel": "Requests"}
    excuse = {"target-job-rule": {"reason": "there is one job", "entries": [entry]}}
    (tmp_path / ".lint").write_text(yaml.safe_dump({"exclusions": excuse}))

    assert found(asking(REQUESTS.replace('job=~"$job", ', ""))) == set()


def test_an_exclusion_without_a_reason_is_rejected(found: Lint, tmp_path: Path) -> None:
    (tmp_path / ".lint").write_text("exclusions: {target-job-rule: {}}")

    with pytest.raises(ConfigurationError, match="target-job-rule has no reason"):
        found(dashboard())


@pytest.mark.parametrize(
    "text", ["exclusions: [", "exclusions: !!bool maybe", "&a [*a]", "[" * 100_000]
)
def test_a_lint_file_that_cannot_be_read_is_an_error_of_one_line(
    found: Lint, tmp_path: Path, text: str
) -> None:
    (tmp_path / ".lint").write_text(text)

    with pytest.raises(ConfigurationError) as error:
        found(asking("up"))

    assert str(error.value).startswith(f"{tmp_path / '.lint'}: ")
    assert "\n" not in str(error.value)


def test_an_exclusion_of_another_type_excludes_nothing(found: Lint, tmp_path: Path) -> None:
    excuse = {"target-job-rule": {"reason": "a list", "entries": [{"dashboard": ["Shop"]}]}}
    (tmp_path / ".lint").write_text(yaml.safe_dump({"exclusions": excuse}))

    assert "target-job-rule" in found(asking("up"))


def test_an_invalid_file_is_reported_and_the_others_are_linted(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"panels": [')
    (tmp_path / "shop.json").write_text(json.dumps(without("uid")))

    assert [finding.rule for finding in lint(sorted(tmp_path.iterdir()))] == [
        "yaml/parse",
        "sightline-identity",
    ]


def test_a_finding_sets_the_summary_and_the_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.json").write_text(json.dumps(without("uid")))

    status = main([str(tmp_path)])

    assert status == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 finding in 1 file: 1 sightline-identity"


def test_a_path_without_anything_to_lint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no dashboards, rules or data sources"):
        main([str(tmp_path)])
