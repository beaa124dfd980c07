"""A worker that was forked after the service was set up says who it is itself."""

import subprocess
import sys
from collections.abc import Iterator

from tests.fakes import Collector
from tests.fakes.received import attribute

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
    """Process and instance of the spans, in no order: one before the fork and two after it."""
    subprocess.run(
        [sys.executable, "-c", FORKED],
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint, **environ},
        check=True,
        timeout=120,
    )
    return list(emitters(collector))


def emitters(collector: Collector) -> Iterator[tuple[object, object]]:
    """Process and instance that each request says its spans are from."""
    for request in collector.requests:
        for group in request.message.resource_spans:
            said = group.resource.attributes
            yield attribute(said, "process.pid"), attribute(said, "service.instance.id")


def test_parent_and_child_have_an_instance_id_each(collector: Collector) -> None:
    processes, instances = zip(*exported(collector), strict=True)

    assert len(processes) == 3
    assert (len(set(processes)), len(set(instances))) == (2, 2)


def test_an_instance_id_from_the_environment_names_them_all(collector: Collector) -> None:
    said = exported(collector, OTEL_RESOURCE_ATTRIBUTES="service.instance.id=pod-7")

    assert [instance for _, instance in said] == ["pod-7"] * 3
    assert len({process for process, _ in said}) == 2


def test_what_a_detector_found_before_the_fork_is_not_said_of_the_child(
    collector: Collector,
) -> None:
    said = exported(collector, OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="process")

    assert len({process for process, _ in said}) == 2
