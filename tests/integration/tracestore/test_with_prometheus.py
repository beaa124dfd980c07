"""The way of a span into Jaeger's Monitor tab, through a real Prometheus."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from sightline import binaries
from sightline.config import Config
from tests.integration.tracestore.trace_store import TraceStore, running, stop
from tests.ports import free_ports
from tests.unit.tracestore.spans import encoded, span
from tests.waiting import until

NUMBERS = count(1)


@contextmanager
def prometheus(folder: Path, port: int, *, scraping: int) -> Iterator[None]:
    """Prometheus on *port*, with the span metrics of port *scraping*."""
    target = {"job_name": "span-metrics", "honor_labels": True}
    target["static_configs"] = [{"targets": [f"127.0.0.1:{scraping}"]}]
    config = {"global": {"scrape_interval": "2s"}, "scrape_configs": [target]}
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    program = binaries.find("prometheus", Config.from_env(os.environ)).path
    process = subprocess.Popen(
        [
            *(program, f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"),
            "--log.level=error",
        ]
    )
    try:
        yield
    finally:
        stop(process)


@pytest.fixture
def monitored(tmp_path: Path) -> Iterator[tuple[TraceStore, int]]:
    """A trace store, and the port of the Prometheus that scrapes it and that it asks."""
    (port,) = free_ports(1)
    with ExitStack() as started:
        url = f"http://127.0.0.1:{port}"
        store = started.enter_context(running(tmp_path, PROMETHEUS_URL=url))
        span_metrics = store.ports.jaeger_span_metrics
        started.enter_context(prometheus(tmp_path, port, scraping=span_metrics))
        yield store, port


def rate_of_calls(store: TraceStore) -> float:
    """Calls per second that the Monitor tab shows last, while more are made."""
    store.send(encoded(span(next(NUMBERS), "GET /")))
    path = "/api/metrics/calls?service=shop&groupByOperation=true&lookback=60000&ratePer=60000"
    metric = store.ask(path).json["metrics"][0]
    assert metric["labels"][1] == {"name": "operation", "value": "GET /"}
    rate: float = metric["metricPoints"][-1]["gaugeValue"]["doubleValue"]
    return rate


def test_calls_are_in_the_monitor_tab_within_seconds(
    monitored: tuple[TraceStore, int],
) -> None:
    store, port = monitored

    assert until(lambda: rate_of_calls(store), within_seconds=60, every_seconds=0.5) > 0

    errors = store.ask("/api/metrics/errors?service=shop&lookback=60000&ratePer=60000").json
    assert errors["metrics"][0]["metricPoints"][-1]["gaugeValue"]["doubleValue"] == 0
    query = f"query=traces_span_metrics_calls_total&start=0&end={2**31}"
    exemplars = store.ask(f"/api/v1/query_exemplars?{query}", port=port).json["data"]
    assert store.ask(f"/api/traces/{exemplars[0]['exemplars'][0]['labels']['trace_id']}").json
