"""Forks after the set-up: children run, export, and have their own identity."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fakes import Collector
from tests.fakes.received import attribute

HERE = Path(__file__).parent
CHILDREN = 6

FORKED = """
import os
from fastapi import FastAPI
from instrumentation import instrument

telemetry = instrument(FastAPI())
telemetry.tracer.start_span("before").end()
assert telemetry.flush(60)
worker = os.fork()
telemetry.tracer.start_span("after").end()
assert telemetry.shutdown(60)
if worker:
    os.waitpid(worker, 0)
"""


def exported(collector: Collector, **environ: str) -> list[tuple[object, object]]:
    """Return process and instance of the spans, unordered: one before the fork and two after."""
    subprocess.run(
        [sys.executable, "-c", FORKED],
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint, **environ},
        check=True,
        timeout=120,
    )
    return list(emitters(collector))


def emitters(collector: Collector) -> Iterator[tuple[object, object]]:
    """Yield process and instance of the resource in each request."""
    for request in filter(lambda request: not request.logs, collector.requests):
        for group in request.message.resource_spans:
            found = group.resource.attributes
            yield attribute(found, "process.pid"), attribute(found, "service.instance.id")


def test_parent_and_child_have_an_instance_id_each(collector: Collector) -> None:
    processes, instances = zip(*exported(collector), strict=True)

    assert len(processes) == 3
    assert (len(set(processes)), len(set(instances))) == (2, 2)


def test_an_instance_id_from_the_environment_applies_to_all(collector: Collector) -> None:
    origins = exported(collector, OTEL_RESOURCE_ATTRIBUTES="service.instance.id=pod-7")

    assert [instance for _, instance in origins] == ["pod-7"] * 3
    assert len({process for process, _ in origins}) == 2


def test_a_child_does_not_inherit_detected_process_attributes(collector: Collector) -> None:
    origins = exported(collector, OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="process")

    assert len({process for process, _ in origins}) == 2


ADOPTED = """
import os
from fastapi import FastAPI
from instrumentation import instrument
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider(resource=Resource({})))
instrument(FastAPI())
import concurrent.futures.thread

worker = os.fork()
if worker:
    os.waitpid(worker, 0)
"""


def test_a_child_does_not_hang_with_a_provider_that_the_service_created() -> None:
    process = subprocess.Popen([sys.executable, "-c", ADOPTED], start_new_session=True)

    try:
        assert process.wait(timeout=15) == 0
    finally:
        end_session(process)


HTTP = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
GRPC = {
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
    "OTEL_BSP_SCHEDULE_DELAY": "60000",  # gRPC does not support a fork during a call
}
STOCK = {"OTEL_TRACES_EXPORTER": "otlp_proto_http"}
CASES = [
    pytest.param("fork", HTTP, id="os.fork"),
    pytest.param("multiprocess", HTTP, id="multiprocessing"),
    pytest.param("process_pool", HTTP, id="ProcessPoolExecutor"),
    pytest.param("preexec", HTTP, id="preexec_fn"),
    pytest.param("fork", GRPC, id="gRPC"),
    pytest.param("fork", STOCK, id="stock exporter"),
]


def parents_spans(way: str, collector: Collector, environ: dict[str, str]) -> int:
    """Run the service and return the number of spans that the parent ended."""
    grpc = environ is GRPC
    endpoint = collector.grpc_endpoint if grpc else collector.http_endpoint
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.export.forking", way, str(CHILDREN)],
        env={
            "PATH": os.environ["PATH"],
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint + ("" if grpc else "/v1/traces"),
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{collector.http_endpoint}/v1/logs",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_BSP_SCHEDULE_DELAY": "20",
            "OTEL_BLRP_SCHEDULE_DELAY": "20",
            **environ,
        },
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=HERE.parents[2],
    )
    try:
        return int(process.communicate(timeout=30)[0])
    finally:
        end_session(process)


def end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill *process* and children that hang."""
    with suppress(ProcessLookupError):  # all have exited
        os.killpg(process.pid, signal.SIGKILL)
    with process:
        process.wait()


@pytest.mark.parametrize(("way", "environ"), CASES)
def test_children_forked_under_load_send_each_span_and_record_once(
    way: str, environ: dict[str, str], collector: Collector
) -> None:
    parents = parents_spans(way, collector, environ)

    assert collector.deliveries == len(collector.spans) == parents + CHILDREN
    records = [record.body.string_value for record in collector.logs]
    assert (records.count("child"), records.count("parent")) == (CHILDREN, parents)
    identities = set(emitters(collector))
    assert len(identities) == CHILDREN + 1
    assert len({instance for _, instance in identities}) == CHILDREN + 1
