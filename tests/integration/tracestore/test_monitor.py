"""Jaeger's Monitor tab: Prometheus' series in the format recorded from Jaeger."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.tracestore.fake_prometheus import FakePrometheus, fake_prometheus
from tests.integration.tracestore.recorded import comparable, names, recorded
from tests.integration.tracestore.test_recorded_answers import body_of
from tests.integration.tracestore.trace_store import TraceStore, running

LABELS = {"service_name": "service_name", "operation": "span_name"}


@pytest.fixture(scope="module")
def prometheus() -> Iterator[FakePrometheus]:
    with fake_prometheus() as fake:
        yield fake


@pytest.fixture(scope="module")
def monitored(
    prometheus: FakePrometheus, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TraceStore]:
    with running(tmp_path_factory.mktemp("monitor"), PROMETHEUS_URL=prometheus.url) as store:
        yield store


def series_of(body: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any JSON
    """Return the series in Prometheus that make Jaeger answer *body*."""
    return [
        {
            "metric": {LABELS[label["name"]]: label["value"] for label in metric["labels"]},
            "values": [
                [
                    datetime.fromisoformat(point["timestamp"]).timestamp(),
                    str(point["gaugeValue"]["doubleValue"]),
                ]
                for point in metric["metricPoints"]
            ],
        }
        for metric in (body.get("metrics", ()) if isinstance(body, dict) else ())
    ]


@pytest.mark.parametrize("name", names("metrics_"))
def test_a_metric_is_answered_as_jaeger_answers_it(
    monitored: TraceStore, prometheus: FakePrometheus, name: str
) -> None:
    golden = recorded(name)
    prometheus.series = series_of(golden.body)

    answer = monitored.ask(golden.request["path"])

    assert (answer.status, answer.content_type, comparable(body_of(answer))) == golden.comparable


def test_the_query_to_prometheus_has_kind_and_window(
    monitored: TraceStore, prometheus: FakePrometheus
) -> None:
    monitored.ask(
        "/api/metrics/calls?service=gateway&service=users&groupByOperation=true"
        "&endTs=1795450510125&lookback=180000&step=60000&ratePer=600000&spanKind=client"
    )

    assert prometheus.queries[-1] == {
        "query": 'sum(rate(traces_span_metrics_calls_total{service_name=~"gateway|users",'
        ' span_kind=~"SPAN_KIND_CLIENT"}[600000ms])) by (service_name,span_name)',
        "start": "1795450330.125",
        "end": "1795450510.125",
        "step": "60.0",
    }


def test_an_unreachable_prometheus_is_reported(tmp_path: Path) -> None:
    with running(tmp_path, PROMETHEUS_URL="http://127.0.0.1:1") as store:
        answer = store.ask("/api/metrics/calls?service=gateway")

    assert answer.status == 500
    assert "http://127.0.0.1:1/api/v1/query_range" in answer.body.decode()
