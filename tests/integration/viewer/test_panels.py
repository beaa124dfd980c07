"""Panels with sources that are available, slow, unreachable or answer nonsense."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard
from tests.sources import Source, Viewer, serving, viewing

QUERY = "/api/v1/query"
RANGE = "/api/v1/query_range"
PANEL = {
    "id": 1,
    "type": "timeseries",
    "title": "Up of $job",
    "targets": [
        {"refId": "A", "expr": 'up{job=~"$job"}[$__rate_interval]', "legendFormat": "{{job}}"}
    ],
}
JOB = {
    "name": "job",
    "type": "query",
    "query": {"query": "label_values(app_build_info, job)"},
    "datasource": {"type": "prometheus"},
    "multi": True,
    "includeAll": True,
    "allValue": ".+",
    "current": {"value": ["$__all"]},
}
TABLE = {
    "id": 2,
    "type": "table",
    "title": "T",
    "targets": [{"refId": "A", "expr": "up", "instant": True, "format": "table"}],
}


def matrix(*samples: tuple[float, str], **labels: str) -> dict[str, Any]:
    data = {"resultType": "matrix", "result": [{"metric": labels, "values": list(samples)}]}
    return {"status": "success", "data": data}


def vector(value: str, **labels: str) -> dict[str, Any]:
    data = {"resultType": "vector", "result": [{"metric": labels, "value": [1795608000, value]}]}
    return {"status": "success", "data": data}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write one dashboard, `test`."""
    raw = {"uid": "test", "title": "Test", "panels": [PANEL, TABLE], "templating": {"list": [JOB]}}
    (tmp_path / "test.json").write_text(json.dumps(raw))
    return tmp_path


@pytest.fixture
def prometheus() -> Iterator[Source]:
    """Serve one series and the values of a label."""
    values = {"status": "success", "data": ["users", "orders"]}
    answers = {
        RANGE: matrix((1795608000, "1"), (1795608010, "0"), job="users"),
        QUERY: vector("1", job="<script>alert(1)</script>"),
        "/api/v1/label/job/values": values,
    }
    with serving(Source(answers)) as source:
        yield source


@pytest.fixture
def viewer(folder: Path, prometheus: Source) -> Iterator[Viewer]:
    """Run a viewer with an available Prometheus."""
    with viewing(folder, prometheus=prometheus.url) as running:
        yield running


def test_a_panel_queries_the_selected_values_and_range(viewer: Viewer, prometheus: Source) -> None:
    answer = viewer.panel(query="var-job=users&var-job=orders&from=1795604405000&to=1795608005000")

    asked = prometheus.parameters(RANGE)
    assert asked["query"] == 'up{job=~"(users|orders)"}[20s]'
    assert (asked["start"], asked["end"], asked["step"]) == (
        "1795604400.000",
        "1795608000.000",
        "10",
    )
    assert answer["title"] == "Up of users + orders"
    assert answer["figure"]["data"][0]["y"] == [1.0, 0.0]


def test_a_panel_of_our_dashboards_is_found_by_its_id(prometheus: Source) -> None:
    fleet = Dashboard.read(DASHBOARDS / "fleet.json")
    fixed = [panel for panel in fleet.every_panel() if "$" not in panel.title]
    panel = max(fixed, key=lambda panel: panel.id)

    with viewing(DASHBOARDS, prometheus=prometheus.url) as running:
        answer = running.get(f"/d/fleet/panels/{panel.id}").json()

    assert answer["title"] == panel.title


def test_all_is_queried_by_the_pattern_of_the_variable(viewer: Viewer, prometheus: Source) -> None:
    viewer.panel()

    assert prometheus.parameters(RANGE)["query"].startswith('up{job=~".+"}')


def test_the_options_of_a_variable_come_from_prometheus(viewer: Viewer) -> None:
    answer = viewer.get("/d/test/variables").json()

    assert [one["value"] for one in answer["job"]["options"]] == ["users", "orders"]
    assert answer["job"]["value"] == ["$__all"]


def test_html_in_a_label_is_escaped(viewer: Viewer) -> None:
    html = viewer.panel(2)["html"]

    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_times_are_in_the_readers_time_zone(viewer: Viewer) -> None:
    answer = viewer.panel(query="tz=Asia/Tokyo")

    assert answer["figure"]["data"][0]["x"][0] == "2026-11-25 21:00:00.000"


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=now&to=now-1h", "tz=Nowhere/Else&from=x"]
)
def test_an_invalid_time_is_reported_inside_the_panel(viewer: Viewer, query: str) -> None:
    assert "expected" in viewer.panel(query=query)["html"]


def test_pages_allow_content_of_this_server_only(viewer: Viewer) -> None:
    answer = viewer.get("/")

    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_a_missing_dashboard_page_lists_the_others(viewer: Viewer) -> None:
    answer = viewer.get("/d/nope?var-job=%3Cscript%3E")

    assert answer.status_code == 404
    assert "There is no dashboard “nope”" in answer.text
    assert 'href="/d/test"' in answer.text


def test_health_has_the_form_of_grafana(viewer: Viewer) -> None:
    answer = viewer.get("/api/health").json()

    assert (answer["database"], answer["dashboards"], answer["problems"]) == ("ok", 1, [])


def test_an_unreachable_prometheus_is_named_inside_the_panel(folder: Path) -> None:
    with viewing(folder) as viewer:
        page, panel = viewer.get("/d/test"), viewer.panel()

    assert page.status_code == 200
    assert "Prometheus at http://127.0.0.1:" in panel["html"]
    assert "does not answer" in panel["html"]


def test_a_slow_prometheus_times_out_and_does_not_delay_the_page(
    folder: Path, prometheus: Source
) -> None:
    prometheus.delay_seconds = 30.0

    with viewing(folder, prometheus=prometheus.url, timeout_seconds=0.2) as viewer:
        page, panel = viewer.get("/d/test"), viewer.panel()

    assert page.elapsed.total_seconds() < prometheus.delay_seconds
    assert "did not answer within 0.2 s" in panel["html"]


LIES = [
    (b"<html>proxy error</html>", "without JSON"),
    (b"", "without JSON"),
    ([1, 2], "unexpected answer of Prometheus"),
    ({"status": "success", "data": {"result": "none"}}, "unexpected answer of Prometheus"),
    ({"status": "success", "data": {"result": [{"metric": {}, "values": [[1]]}]}}, "unexpected"),
    ({"status": "error", "error": "too many <samples>"}, "too many &lt;samples&gt;"),
]


@pytest.mark.parametrize(("lie", "said"), LIES, ids=lambda value: str(value)[:24])
def test_an_invalid_answer_of_prometheus_is_named_inside_the_panel(
    viewer: Viewer, prometheus: Source, lie: object, said: str
) -> None:
    prometheus.answers = {RANGE: lie}

    answer = viewer.panel()

    assert said in answer["html"]
    assert answer["figure"] is None


def test_a_nan_in_an_answer_is_a_gap(viewer: Viewer, prometheus: Source) -> None:
    prometheus.answers = {RANGE: matrix((1795608000, "NaN"), (1795608002, "3"), job="users")}

    assert viewer.panel()["figure"]["data"][0]["y"] == [None, 3.0]


FOREIGN = {
    "title": "Foreign",
    "panels": [
        {"type": "stat", "title": "Without an id", "targets": [{"refId": "A", "expr": "up"}]},
        {"type": "timeseries", "timeShift": "1h", "targets": [{"refId": "A", "expr": "up"}]},
        {
            "type": "timeseries",
            "datasource": "-- Mixed --",
            "targets": [
                {"refId": "A", "expr": "up", "datasource": {"type": "prometheus", "uid": "x"}},
                {"refId": "B", "expr": '{app="shop"}', "datasource": {"type": "loki", "uid": "y"}},
                {"refId": "C", "type": "math", "datasource": {"type": "__expr__"}},
            ],
        },
        {"type": "piechart", "targets": [{"refId": "A", "expr": "sum(up)"}]},
        TABLE
        | {
            "id": None,
            "transformations": [
                {"id": "calculateField", "options": {"reduce": {"include": ["no such field"]}}},
                {"id": "sortBy", "options": {"sort": [{"field": "Total"}]}},
            ],
        },
        {"type": "timeseries", "timeFrom": "6h", "targets": [{"refId": "A", "expr": "up"}]},
        {"type": "stat", "repeat": "place", "targets": [{"refId": "A", "expr": "up"}]},
        {"type": "timeseries", "targets": [{"refId": "A", "expr": "up", "legendFormat": 3}]},
    ],
    "templating": {
        "list": [{"name": "place", "type": "custom", "multi": True, "query": "north,south"}]
    },
}


@pytest.fixture
def foreign(tmp_path: Path, prometheus: Source) -> Iterator[Viewer]:
    """Run a viewer with a dashboard of someone else, and a file that is none."""
    (tmp_path / "foreign.json").write_text(json.dumps(FOREIGN))
    (tmp_path / "old.json").write_text(json.dumps({"title": "Old", "rows": []}))
    with viewing(tmp_path, prometheus=prometheus.url) as running:
        yield running


def of(viewer: Viewer, number: int, chosen: str = "") -> Any:  # noqa: ANN401  JSON
    """Return a panel between two fixed times."""
    times = "from=1795604405000&to=1795608005000"
    return viewer.get(f"/d/foreign/panels/{number}?{times}{chosen}").json()


def test_a_panel_without_an_id_is_its_own(foreign: Viewer) -> None:
    assert of(foreign, 1)["title"] == "Without an id"
    assert foreign.get("/d/foreign").text.count('data-id="1"') == 1


def test_a_shifted_panel_shows_the_past_and_a_remark(foreign: Viewer, prometheus: Source) -> None:
    answer = of(foreign, 2)

    assert prometheus.parameters(RANGE)["end"] == "1795604400.000"
    assert answer["note"] == "Time shift: 1h"


def test_a_panel_with_a_length_of_its_own_is_named(foreign: Viewer) -> None:
    assert of(foreign, 6)["note"] == "Last 6h"


def test_a_repeated_panel_is_drawn_for_one_value_only(foreign: Viewer) -> None:
    several = of(foreign, 7, "&var-place=north&var-place=south")["html"]
    one = of(foreign, 7, "&var-place=north")["html"]

    assert "Only Grafana draws a panel for each value of $place; select one value" in several
    assert "Only Grafana" not in one


def test_queries_of_other_sources_are_named_and_the_rest_is_drawn(foreign: Viewer) -> None:
    answer = of(foreign, 3)

    assert len(answer["figure"]["data"]) == 1
    assert "Query B is missing: only Grafana queries loki." in answer["note"]
    assert "Query C is missing: only Grafana queries expressions." in answer["note"]


def test_a_panel_that_only_grafana_draws_shows_its_queries(foreign: Viewer) -> None:
    html = of(foreign, 4)["html"]

    assert "Only Grafana draws panel type piechart" in html
    assert "sum(up)" in html


def test_a_legend_that_is_no_text_is_written_as_text(foreign: Viewer) -> None:
    assert of(foreign, 8)["figure"]["data"][0]["name"] == "3"


def test_a_calculation_of_missing_columns_is_left_out(foreign: Viewer) -> None:
    assert "<table" in of(foreign, 5)["html"]
