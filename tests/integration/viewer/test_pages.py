"""Pages of traces, service map and alerts, with answers of the sources set by the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import Source, Viewer, serving, viewing
from tests.viewing import span, trace

TRACE = trace(
    span("a", 1795608000000000, 50000),
    span("b", 1795608000010000, 20000, parent="a", process="p2", error="true"),
    services=["gateway", "orders"],
)
CALLS = [{"parent": "gateway", "child": "orders", "callCount": 1234}]
ALERT = {
    "labels": {"alertname": "ServiceDown", "severity": "critical", "job": "users"},
    "annotations": {
        "summary": "users is down.",
        "dashboard_url": "http://localhost:3000/d/service?var-job=users",
        "runbook_url": "http://localhost:8003/runbooks/ServiceDown",
    },
    "state": "firing",
    "activeAt": "2026-11-25T12:00:00.123456789Z",
}


@pytest.fixture
def jaeger() -> Iterator[Source]:
    """Serve one trace of two services."""
    answers = {
        "/api/services": {"data": ["gateway", "orders"]},
        "/api/services/gateway/operations": {"data": ["GET /"]},
        "/api/services/orders/operations": {"data": []},
        "/api/traces": {"data": [TRACE]},
        "/api/traces/t": {"data": [TRACE]},
        "/api/dependencies": {"data": CALLS},
    }
    with serving(Source(answers)) as source:
        yield source


@pytest.fixture
def prometheus() -> Iterator[Source]:
    """Serve one firing alert."""
    answers = {
        "/api/v1/alerts": {"status": "success", "data": {"alerts": [ALERT]}},
        "/api/v1/rules": {"status": "success", "data": {"groups": [{"rules": [{}, {}]}]}},
    }
    with serving(Source(answers)) as source:
        yield source


@pytest.fixture
def viewer(tmp_path: Path, jaeger: Source, prometheus: Source) -> Iterator[Viewer]:
    """Run a viewer without dashboards and Alertmanager."""
    with viewing(tmp_path, jaeger=jaeger.url, prometheus=prometheus.url) as running:
        yield running


def test_a_search_sends_the_fields_of_the_form(viewer: Viewer, jaeger: Source) -> None:
    page = viewer.get("/traces?service=orders&tags=error%3Dtrue&minDuration=10ms&limit=5").text

    asked = jaeger.parameters("/api/traces")
    assert (asked["service"], asked["minDuration"], asked["limit"]) == ("orders", "10ms", "5")
    assert asked["tags"] == '{"error": "true"}'
    assert 'href="/trace/t"' in page


def test_a_search_starts_at_the_gateway(viewer: Viewer, jaeger: Source) -> None:
    viewer.get("/traces")

    assert jaeger.parameters("/api/traces")["service"] == "gateway"


def test_a_trace_is_a_waterfall_of_its_services(viewer: Viewer) -> None:
    page = viewer.get("/trace/t").text

    assert page.count('class="service"') == 2
    assert "20 ms" in page
    assert 'class="span failed"' in page


def test_a_span_links_to_the_metrics_of_its_service_and_time(viewer: Viewer) -> None:
    page = viewer.get("/trace/t").text

    assert "/d/service?var-job=orders&amp;from=1795607700000&amp;to=1795608300050" in page


def test_a_missing_trace_is_named_on_its_page(viewer: Viewer) -> None:
    answer = viewer.get("/trace/%3Cb%3E")

    assert answer.status_code == 404
    assert "There is no trace &lt;b&gt;" in answer.text


def test_the_map_shows_calls_between_services(viewer: Viewer) -> None:
    page = viewer.get("/map").text

    assert "gateway → orders: 1,234 calls" in page


def test_an_alert_links_to_its_runbook_and_dashboard(viewer: Viewer) -> None:
    page = viewer.get("/alerts").text

    assert "users is down." in page
    assert 'href="/d/service?var-job=users"' in page
    assert 'href="http://localhost:8003/runbooks/ServiceDown"' in page


@pytest.mark.parametrize(
    ("status", "state"),
    [({"silencedBy": ["id"]}, "silenced"), ({"silencedBy": [], "inhibitedBy": ["x"]}, "inhibited")],
)
def test_suppressed_alerts_are_distinguished_from_firing_ones(
    tmp_path: Path, prometheus: Source, status: dict[str, list[str]], state: str
) -> None:
    held = [{"labels": ALERT["labels"], "status": {"state": "suppressed", **status}}]

    with (
        serving(Source({"/api/v2/alerts": held})) as alertmanager,
        viewing(tmp_path, prometheus=prometheus.url, alertmanager=alertmanager.url) as viewer,
    ):
        page = viewer.get("/alerts").text

    assert f'class="{state} critical"' in page


@pytest.mark.parametrize("path", ["/traces", "/map", "/trace/t", "/alerts"])
def test_a_page_names_its_unreachable_source(tmp_path: Path, path: str) -> None:
    with viewing(tmp_path) as viewer:
        page = viewer.get(path).text

    assert "does not answer" in page


@pytest.mark.parametrize("lie", [b"<html>", {"data": {"a": 1}}, {"data": [{"spans": 3}]}, []])
def test_an_invalid_answer_of_jaeger_is_named(viewer: Viewer, jaeger: Source, lie: object) -> None:
    jaeger.answers = {**jaeger.answers, "/api/traces": lie}

    assert "Jaeger" in viewer.get("/traces").text


def test_an_empty_folder_of_dashboards_is_reported(viewer: Viewer) -> None:
    assert "There is no dashboard in" in viewer.get("/").text
