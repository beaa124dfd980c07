"""Forked workers export their own spans, and a process that exits exports its last spans."""

import subprocess
import sys

import pytest

from tests.fakes import Collector

PROGRAM = """
import os
from instrumentation._settings.export import ExportSettings
from tests.integration.export.conftest import Service

service = Service(dict(os.environ))
service.work({before})
assert service.export.flush(60)
service.work(1)
workers = []
for _ in range(3):
    worker = os.fork()
    if worker == 0:
        service.work(10)
        stopped = service.export.shutdown_within(60)
        os._exit(0 if stopped and service.export.stats().accepted == 10 else 1)
    workers.append(worker)
assert [os.waitpid(worker, 0)[1] for worker in workers] == [0, 0, 0]
assert service.export.shutdown_within(60)
"""


@pytest.mark.parametrize("before", [0, 5], ids=["before any export", "with an open connection"])
def test_parent_and_children_export_their_own_spans(
    collector: Collector, protocol: str, before: int
) -> None:
    endpoints = {"http/protobuf": collector.http_endpoint, "grpc": collector.grpc_endpoint}

    subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        env={
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoints[protocol],
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_BSP_SCHEDULE_DELAY": "60000",  # gRPC does not support a fork during a call
        },
        check=True,
        timeout=120,
    )

    assert len(collector.spans) == before + 1 + 30


EXITING = """
import os
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from instrumentation._export.base import build
from instrumentation._settings.export import ExportSettings

provider = TracerProvider()
provider.add_span_processor(
    build(ExportSettings.from_env(os.environ), resource=Resource({}), registry=CollectorRegistry())
)
"""
WITHOUT_THREADS = """
import threading
threading.stack_size(1 << 46)
"""
LAST_SPAN = """
provider.get_tracer("script").start_span("last span").end()
"""


def run(program: str, protocol: str, endpoint: str) -> str:
    """Run *program* and return its standard error."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol},
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    ).stderr


def test_a_script_exports_its_last_span_at_exit(collector: Collector, protocol: str) -> None:
    endpoints = {"http/protobuf": collector.http_endpoint, "grpc": collector.grpc_endpoint}

    errors = run(EXITING + LAST_SPAN, protocol, endpoints[protocol])

    assert ([span.name for span in collector.spans], errors) == (["last span"], "")


def test_a_process_that_cannot_start_threads_exports_at_exit(collector: Collector) -> None:
    program = EXITING + WITHOUT_THREADS + LAST_SPAN

    errors = run(program, "http/protobuf", collector.http_endpoint)

    assert ([span.name for span in collector.spans], errors) == (["last span"], "")
