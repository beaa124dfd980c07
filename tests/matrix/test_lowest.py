"""Oldest supported libraries, because the instrumentation reads some of their private fields."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests.fakes import Collector, attribute
from tests.integration.instrumentation.conftest import OPEN_METRICS, running
from tests.matrix.test_fastapi import ROUTES, install

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = (ROOT / "requirements" / "matrix" / "lowest.in").read_text(encoding="utf-8")


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_the_lock_has_the_lowest_versions_of_the_distribution(requirement: str) -> None:
    name, version = requirement.split(">=")

    assert re.search(rf"^{name}=={re.escape(version)}\.0$", PINNED, re.MULTILINE)


def test_traces_and_metrics_work_with_the_lowest_versions(collector: Collector) -> None:
    path = os.pathsep.join([str(install("lowest")), str(ROOT)])
    app = ("--app-dir", str(Path(__file__).parent / "lowest"))
    with running("plain", collector, options=app, PYTHONPATH=path) as service:
        for route in ROUTES:
            service.client.get(route)
        spans = service.server_spans(len(ROUTES))
        pages = [service.client.get("/metrics", headers=headers) for headers in ({}, OPEN_METRICS)]

    assert [span.name for span in spans] == list(ROUTES.values())
    resource = collector.requests[0].message.resource_spans[0].resource
    assert attribute(resource.attributes, "telemetry.sdk.version") == "1.40.0"
    assert (install("lowest") / "prometheus_client-0.22.0.dist-info").is_dir()
    assert ["http_server_request_duration_seconds_count" in page.text for page in pages] == [1, 1]
    assert pages[1].text.endswith("# EOF\n")
