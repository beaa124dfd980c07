"""Contract of the dashboards: existing metrics, valid links, no lint findings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from instrumentation.conventions import METRICS
from sightline.artifacts import DASHBOARDS, GRAFANA, PROMETHEUS, ROOT
from sightline.grafana import durations
from sightline.grafana.dashboard import Dashboard, Panel
from sightline.lint import promql
from sightline.lint.board import Board
from sightline.lint.run import lint
from sightline.mixin import catalogue, dashboard_list, dashboards, foreign, generated
from sightline.mixin.config import PRODUCTION
from sightline.mixin.model import Record
from sightline.viewer.model.settings import Settings

FILES = sorted(DASHBOARDS.glob("*.json"))
PICTURES = ROOT / "docs" / "dashboards.md"
SOURCES = sorted(GRAFANA.glob("provisioning/datasources/*.yaml"))
PROVISIONED = yaml.safe_load((GRAFANA / "provisioning/datasources/datasources.yaml").read_text())

OURS = {series for metric in METRICS.values() for series in metric.series}
RECORDED = {
    rule.name
    for file in catalogue.rule_files(PRODUCTION)
    for group in file.groups
    for rule in group.rules
    if isinstance(rule, Record)
}


def stem(path: Path) -> str:
    return path.stem


def asked(path: Path) -> Iterator[str]:
    """Return every PromQL expression of a dashboard."""
    dashboard = Dashboard.read(path)
    board = Board(path=path, dashboard=dashboard, siblings={})
    yield from (query.expr for query, _ in board.parsed_queries())
    yield from (annotation.expr for annotation in dashboard.annotations)


def names(expr: str) -> set[str]:
    """Return the metrics that *expr* names."""
    found = {promql.metric(selector) for selector, _ in promql.selectors(promql.tree(expr))}
    return found - {""}


def test_every_dashboard_of_the_list_has_a_file() -> None:
    assert {path.stem for path in FILES} == {entry.uid for entry in dashboard_list.ENTRIES}


def test_the_page_of_pictures_shows_every_dashboard_in_order() -> None:
    pictures = re.findall(r"^!\[(.+)\]\((.+)\)$", PICTURES.read_text(), re.MULTILINE)

    assert pictures == [
        (f"{entry.title}, {state}", f"images/dashboards/{entry.uid}-{state}.jpg")
        for entry in dashboard_list.ENTRIES
        for state in ("calm", "incident")
    ]


@pytest.mark.parametrize("room", ["jaeger", "grafana/dashboards"])
def test_links_lead_to_dashboards_of_the_list(room: str) -> None:
    linked = {
        uid
        for path in (ROOT / room).rglob("*.json")
        for uid in re.findall(r"/d/([a-z][a-z-]*)", path.read_text())
    }

    assert linked
    assert linked <= {entry.uid for entry in dashboard_list.ENTRIES}


def test_generated_equals_committed() -> None:
    committed = {f"grafana/dashboards/{path.name}": path.read_text() for path in FILES}

    assert committed == dashboards.files()


def test_make_generate_writes_them() -> None:
    assert set(dashboards.files()) <= set(generated.files())


def test_our_lint_finds_nothing() -> None:
    rules = sorted(PROMETHEUS.glob("rules/*/*.yml"))

    assert [str(finding) for finding in lint([*FILES, *rules, *SOURCES])] == []


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_every_metric_in_a_query_exists(path: Path) -> None:
    wanted = {name for expr in asked(path) for name in names(expr)}

    assert wanted - OURS - RECORDED - foreign.NAMES == set()


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_a_file_is_named_by_its_uid(path: Path) -> None:
    assert Dashboard.read(path).uid == path.stem


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_every_description_has_at_least_eight_words(path: Path) -> None:
    panels = Dashboard.read(path).every_panel()
    short = [panel.title for panel in panels if len(panel.description.split()) < 8]

    assert short == []


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_titles_of_panels_are_unique(path: Path) -> None:
    titles = [panel.title for panel in Dashboard.read(path).every_panel()]

    assert sorted(titles) == sorted(set(titles))


def test_dashboards_select_provisioned_data_sources() -> None:
    provisioned = {source["type"]: source["uid"] for source in PROVISIONED["datasources"]}
    chosen = {
        variable.query: variable.default[0]
        for path in FILES
        for variable in Dashboard.read(path).source_variables()
    }

    assert chosen.items() <= provisioned.items()


def test_a_span_links_to_existing_metrics() -> None:
    jaeger = next(source for source in PROVISIONED["datasources"] if source["type"] == "jaeger")
    queries = [query["query"] for query in jaeger["jsonData"]["tracesToMetrics"]["queries"]]
    filled = [query.replace("$$__tags", 'job="x"').replace("$$", "$") for query in queries]

    assert {name for query in filled for name in names(query)} == {
        "http_server_request_duration_seconds_bucket",
        "http_server_request_duration_seconds_count",
    }


def test_the_minimum_step_is_at_least_the_scrape_interval_and_the_same_in_the_viewer() -> None:
    prometheus = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    sources = {source["type"]: source["jsonData"] for source in PROVISIONED["datasources"]}

    step = durations.seconds(sources["prometheus"]["timeInterval"])
    assert step >= durations.seconds(prometheus["global"]["scrape_interval"])
    assert step == Settings.from_env({}).scrape_interval_seconds


def test_an_exemplar_opens_the_panel_of_its_trace() -> None:
    sources = {source["type"]: source["jsonData"] for source in PROVISIONED["datasources"]}
    (destination,) = sources["prometheus"]["exemplarTraceIdDestinations"]
    explorer = Dashboard.read(DASHBOARDS / "latency-explorer.json")
    (trace,) = [panel for panel in explorer.every_panel() if panel.type == "traces"]

    assert destination["url"] == (
        f"/d/latency-explorer?viewPanel=panel-{trace.id}&var-trace_id=$${{__value.raw}}"
    )


def test_every_alert_links_to_a_dashboard_with_its_variables() -> None:
    choices = {
        path.stem: {variable.name for variable in Dashboard.read(path).variables} for path in FILES
    }
    lost = {
        alert.name: alert.dashboard
        for alert in catalogue.alerts()
        if not set(alert.variables) <= choices.get(alert.dashboard, set())
    }

    assert lost == {}


def thresholds(panel: Panel) -> list[float | None]:
    return [step.value for step in panel.config.steps if step.color == "red"]


def test_a_panel_draws_the_threshold_of_its_alert() -> None:
    fleet = Dashboard.read(DASHBOARDS / "fleet.json")
    panels = {panel.title: panel for panel in fleet.panels}

    assert thresholds(panels["Errors, $services_shown of $services"]) == [0.05]
    assert thresholds(panels["p99, $services_shown of $services"]) == [1.0]
