"""Pages of hostile targets, scraped by a real Prometheus with the configuration of the stack."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import pytest

from sightline import binaries
from sightline.artifacts import ROOT
from sightline.config import Config
from tests.fakes.threaded import ThreadedServer
from tests.integration.tracestore.trace_store import stop
from tests.ports import free_ports
from tests.waiting import until

LONG = "n" * 20_000
SPAN_METRICS = "".join(f'calls{{span_name="{name}"}} 1\n' for name in (f"{LONG}1", f"{LONG}2", "/"))
TOO_LARGE = "x 1\n" * 5_000_000


def serving(page: str) -> type[BaseHTTPRequestHandler]:
    """Return a handler that answers every request with *page*."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Page


@contextmanager
def prometheus(folder: Path, targets: dict[str, int]) -> Iterator[int]:
    """Prometheus with `prometheus/prometheus.yml` and *targets*, ports by job; yields its port."""
    (folder / "targets").mkdir()
    shutil.copy(ROOT / "prometheus" / "prometheus.yml", folder)
    for job, target in targets.items():
        groups = [{"targets": [f"127.0.0.1:{target}"], "labels": {"job": job}}]
        (folder / "targets" / f"{job}.json").write_text(json.dumps(groups), encoding="utf-8")
    (port,) = free_ports(1)
    program = binaries.find("prometheus", Config.from_env(os.environ)).path
    process = subprocess.Popen(
        [
            *(program, f"--config.file={folder / 'prometheus.yml'}", "--log.level=error"),
            *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
            "--enable-feature=expand-external-labels",
        ],
        env={**os.environ, "GRAFANA_URL": "http://g", "RUNBOOKS_URL": "http://r"},
    )
    try:
        yield port
    finally:
        stop(process)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a Prometheus whose targets are hostile."""
    with ExitStack() as started:
        pages = {"span-metrics": SPAN_METRICS, "services": TOO_LARGE}
        targets = {
            job: started.enter_context(ThreadedServer(serving(page))).port
            for job, page in pages.items()
        }
        yield started.enter_context(prometheus(tmp_path_factory.mktemp("limits"), targets))


def labels(port: int, query: str) -> list[dict[str, str]]:
    """Return the labels of each series of *query*."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", f"/api/v1/query?query={quote(query)}")
        answer = json.load(connection.getresponse())
    except (OSError, ValueError):
        return []
    finally:
        connection.close()
    return [series["metric"] for series in answer["data"]["result"]]


def test_long_span_names_are_cut_and_stay_distinct(scraped: int) -> None:
    until(lambda: labels(scraped, 'up{job="span-metrics"} == 1'), within_seconds=60)

    found = labels(scraped, "calls")

    names = sorted(series["span_name"] for series in found)
    assert [name.partition(" ")[0] for name in names] == ["/", "n" * 200, "n" * 200]
    assert len(set(names)) == 3
    assert {frozenset(series) for series in found} == {
        frozenset({"__name__", "job", "instance", "span_name"})
    }


def test_a_page_above_the_limit_is_not_read(scraped: int) -> None:
    assert until(lambda: labels(scraped, 'up{job="services"} == 0'), within_seconds=60)
