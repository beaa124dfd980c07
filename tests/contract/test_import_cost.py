"""What a service loads for `instrument(app)`: our two libraries, and what all need of ours."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
import fastapi, uvicorn, uvicorn.loops.auto, uvicorn.protocols.http.auto
import prometheus_client, opentelemetry.sdk.trace
before = set(sys.modules)
from instrumentation import instrument
instrument(fastapi.FastAPI())
print(json.dumps(sorted(set(sys.modules) - before)))
"""

SELDOM = (
    *("_clients.aiohttp", "_clients.httpx", "_clients.requests", "_export.exporter"),
    *("_export.grpc", "_export.stock", "_export.worker", "_logging.export", "_logging.formatter"),
    *("_sampling.remote", "_scrape.merge", "_scrape.render", "_scrape.snapshot", "_scrape.workers"),
    *(
        "_server.metrics_path",
        "_setup.recording",
        "_setup.resource_detectors",
        "_spans.stacktrace",
        "_support.plugins",
        "_support.redactor",
    ),
    *("database", "grpc", "messaging", "testing"),
)
"""What no service needs before its first span or scrape, or only those that use it."""


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    """Every module that instrumenting an app loads beyond FastAPI, uvicorn and our libraries."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    printed = subprocess.check_output([sys.executable, "-c", PROGRAM], text=True, env=environ)
    found: list[str] = json.loads(printed)
    return found


def test_it_loads_nothing_beyond_its_two_libraries(loaded: list[str]) -> None:
    foreign = [name for name in loaded if name.partition(".")[0] != "instrumentation"]

    assert foreign == []


def test_it_loads_none_of_ours_that_only_some_services_need(loaded: list[str]) -> None:
    early = [name for name in SELDOM if f"instrumentation.{name}" in loaded]

    assert early == []
