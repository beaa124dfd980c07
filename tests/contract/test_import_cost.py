"""Modules that `instrument(app)` loads: the two libraries and what every service needs."""

import json
import os
import subprocess
import sys

import pytest

from instrumentation._clients import CLIENTS

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
    *(f"_clients.{client}" for client in CLIENTS),
    *("_clients.call", "_clients.template"),
    *(
        "_export.exporter",
        "_export.grpc",
        "_export.http",
        "_export.outage_log",
        "_export.response",
        "_export.stock",
        "_export.verdict",
        "_export.worker",
        "_logging.export",
        "_logging.formatter",
    ),
    *("_sampling.remote", "_scrape.merge", "_scrape.render", "_scrape.snapshot", "_scrape.workers"),
    "_scrape.worker_load",
    *(
        "_server.metrics_path",
        "_server.passthrough",
        "_server.websocket",
        "_setup.metrics_app",
        "_setup.middleware",
        "_setup.recording",
        "_setup.resource_detectors",
        "_settings.proxy",
        "_server.protocols",
        "_spans.error_span",
        "_spans.foreign_propagators",
        "_spans.limits",
        "_spans.stacktrace",
        "_support.asgi_types",
        "_support.event_loop",
        "_support.http",
        "_support.patch",
        "_support.plugins",
        "_support.redactor",
    ),
    *("database", "grpc", "messaging", "testing"),
)
"""Modules that no service needs before its first span or scrape, or that only some use."""


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


def test_it_loads_no_module_that_only_some_services_need(loaded: list[str]) -> None:
    early = [name for name in SELDOM if f"instrumentation.{name}" in loaded]

    assert early == []
