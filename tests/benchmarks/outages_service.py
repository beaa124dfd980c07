"""Service of the fault matrix. It prints its progress, and a report at the end.

::

    healthy             after three seconds
    outage over         after the time of the outage
    {"accepted": …}     after the queue is empty and the export is shut down
"""

import json
import logging
import os
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Final

import psutil
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from instrumentation._export.base import build
from instrumentation._export.processor import ExportProcessor
from instrumentation._settings.export import ExportSettings
from tests.benchmarks.encode import ATTRIBUTES

RATE: Final = 200
"""Spans per second, as in the study of the stock exporter."""
HEALTHY_SECONDS: Final = 3.0
"""Time before the outage, and after it."""
RECOVERED_WITHIN_SECONDS: Final = 60.0
TICK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Report of the service."""

    accepted: int
    exported: int
    lost: int
    """Rejected or dropped spans."""
    queue_bytes: int
    """Maximum size of the queue."""
    memory_bytes: int
    """Growth of the process's memory."""
    recovered_seconds: float
    """Time from the end of the outage until the queue is as short as before."""
    end_p99_seconds: float
    """99th percentile of the duration of `end()`."""
    log_lines: int
    shutdown_seconds: float


class Lines(logging.Handler):
    """Handler that counts log records."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        del record
        self.count += 1


class Load:
    """Load of `RATE` spans per second with measurement of its cost."""

    def __init__(self, tracer: Tracer, export: ExportProcessor) -> None:
        self._tracer = tracer
        self._export = export
        self._process = psutil.Process()
        self._memory = self._process.memory_info().rss
        self._ended = 0
        self._began = time.monotonic()
        self.end_seconds = array("d")
        self.queue_bytes = 0
        self.memory_bytes = 0

    def run(self, seconds: float) -> None:
        """Run for *seconds*."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            for _ in range(int((now - self._began) * RATE) - self._ended):
                self._end_one()
            self._record_maxima()
            time.sleep(TICK_SECONDS)

    def wait_until_drained(self) -> float:
        """Run until at most the spans of one second are queued. Return the seconds it took."""
        began = time.monotonic()
        while self._export.stats().queued > RATE and time.monotonic() - began < (
            RECOVERED_WITHIN_SECONDS
        ):
            self.run(TICK_SECONDS)
        return time.monotonic() - began

    def _end_one(self) -> None:
        attributes = {**ATTRIBUTES, "url.path": f"/orders/{self._ended}"}
        span = self._tracer.start_span("GET /orders/{order_id}", attributes=attributes)
        started = time.perf_counter()
        span.end()
        self.end_seconds.append(time.perf_counter() - started)
        self._ended += 1

    def _record_maxima(self) -> None:
        self.queue_bytes = max(self.queue_bytes, self._export.stats().queued_bytes)
        grown = self._process.memory_info().rss - self._memory
        self.memory_bytes = max(self.memory_bytes, grown)


def main() -> None:
    """Run the three phases."""
    lines = Lines()
    logging.getLogger().addHandler(lines)
    resource = Resource({"service.name": "orders"})
    settings = ExportSettings.from_env(os.environ)
    export = build(settings, resource=resource, registry=CollectorRegistry())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(export)
    load = Load(provider.get_tracer("shop"), export)

    load.run(HEALTHY_SECONDS)
    print_line("healthy")
    load.run(float(sys.argv[1]))
    print_line("outage over")
    recovered = load.wait_until_drained()
    load.run(HEALTHY_SECONDS)
    began = time.monotonic()
    export.shutdown_within(10)
    stats = export.stats()
    report = Report(
        accepted=stats.accepted,
        exported=stats.exported,
        lost=stats.rejected + sum(stats.dropped.values()),
        queue_bytes=load.queue_bytes,
        memory_bytes=load.memory_bytes,
        recovered_seconds=recovered,
        end_p99_seconds=quantiles(load.end_seconds, n=100)[-1],
        log_lines=lines.count,
        shutdown_seconds=time.monotonic() - began,
    )
    print_line(json.dumps(asdict(report)))


def print_line(line: str) -> None:
    """Print a line for the benchmark."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
