"""FastAPI releases that changed routes or telemetry: `pytest tests/matrix`.

0.115 is the oldest supported release. 0.136 is the last one before the new route tree, and 0.137
the first one with it. 0.142 introduced FastAPI's own telemetry. All other tests use the newest.
A release is installed from its lock into the cache, which needs the network once, and prepended to
Python's path.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests.fakes import Collector
from tests.integration.instrumentation.conftest import Service, attributes, running

RELEASES = ("0.115", "0.136", "0.137", "0.142")

ROUTES = {
    "/items/1": "GET /items/{item_id}",
    "/house/shelves/2": "GET /house/shelves/{shelf_id}",
    "/warehouse/stock/3": "GET /warehouse/stock/{item_id}",
    "/nowhere": "GET",
}


def install(line: str, package: str = "fastapi") -> Path:
    """Return a folder with the packages of the lock *line*. Install it if *package* is missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sightline" / "fastapi" / line
    if not (folder / package).is_dir():
        lock = ROOT / "requirements" / "matrix" / f"{line}.lock"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, "--no-deps", "--require-hashes", "--target", str(folder), "-r", str(lock)],
            check=True,
        )
    return folder


@contextmanager
def serving(line: str, name: str, collector: Collector) -> Iterator[Service]:
    path = os.pathsep.join([str(install(line)), str(ROOT)])
    with running(name, collector, PYTHONPATH=path) as service:
        yield service


@pytest.mark.parametrize("name", ["plain", "with_global_provider"])
@pytest.mark.parametrize("line", RELEASES)
def test_a_request_is_one_server_span_named_by_its_route(
    line: str, name: str, collector: Collector
) -> None:
    with serving(line, name, collector) as service:
        for path in ROUTES:
            service.client.get(path)

        spans = service.server_spans(len(ROUTES))
        build = [sample for sample in service.metrics() if sample.startswith("app_build_info")]
    assert [span.name for span in spans] == list(ROUTES.values())
    assert f'fastapi_version="{line}.' in build[0]
    assert len(service.server_spans(len(ROUTES))) == len(ROUTES)


@pytest.mark.parametrize("line", RELEASES)
def test_a_failure_keeps_its_exception(line: str, collector: Collector) -> None:
    with serving(line, "plain", collector) as service:
        assert service.client.get("/boom").status_code == 500

        (span,) = service.server_spans(1)
    assert attributes(span)["error.type"] == "LookupError"


@pytest.mark.parametrize("line", RELEASES)
def test_metrics_that_the_app_serves_stay(line: str, collector: Collector) -> None:
    with serving(line, "with_metrics_of_its_own", collector) as service:
        found = service.client.get("/metrics")

    assert found.is_success
    assert "python_info" in found.text
    assert "asyncio_event_loop_delay_seconds" not in found.text


def test_the_first_telemetry_of_fastapi_has_its_data_and_names_redirects(
    collector: Collector,
) -> None:
    with serving("0.142", "with_metrics_of_its_own", collector) as service:
        answers = [service.client.get(path) for path in ("/data/1", "/data/1/")]

        spans = service.server_spans(2)
    assert answers[0].json() == {"number": 1, "values": "{'number': 1}"}
    assert answers[1].status_code == 307
    assert [span.name for span in spans] == ["GET /data/{number}"] * 2
