"""The service of the fault matrix: says how far it is on standard output, and at last how it fared.

::

    healthy             three seconds have passed
    outage over         so has the time of the outage
    {"accepted": …}     nothing waits any more, and it has shut down
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
"""Spans a second, as in the study of the stock exporter."""
HEALTHY_SECONDS: Final = 3.0
"""Before the outage and after it."""
RECOVERED_WITHIN_SECONDS: Final = 60.0
TICK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the service says of itself."""

    accepted: int
    exported: int
    lost: int
    """Rejected or dropped."""
    queue_bytes: int
    """Most that waited."""
    memory_bytes: int
    """Growth of the process."""
    recovered_seconds: float
    """From the end of the outage until no more waited than before it."""
    end_p99_seconds: float
    """What ending a span took at most, but for a hundredth of them."""
    log_lines: int
    shutdown_seconds: float


class Lines(logging.Handler):
    """Counts what is logged."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """One more."""
        del record
        self.count += 1


class Load:
    """Ends spans at RATE, and watches what it costs."""

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
        """Go on for so long."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            for _ in range(int((now - self._began) * RATE) - self._ended):
                self._end_one()
            self._watch()
            time.sleep(TICK_SECONDS)

    def drained(self) -> float:
        """Go on until no more waits than a healthy second's spans; seconds it took."""
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

    def _watch(self) -> None:
        self.queue_bytes = max(self.queue_bytes, self._export.stats().queued_bytes)
        grown = self._process.memory_info().rss - self._memory
        self.memory_bytes = max(self.memory_bytes, grown)


def main() -> None:
    """Run through the three phases."""
    lines = Lines()
    logging.getLogger().addHandler(lines)
    resource = Resource({"service.name": "orders"})
    settings = ExportSettings.from_env(os.environ)
    export = build(settings, resource=resource, registry=CollectorRegistry())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(export)
    load = Load(provider.get_tracer("shop"), export)

    load.run(HEALTHY_SECONDS)
    say("healthy")
    load.run(float(sys.argv[1]))
    say("outage over")
    recovered = load.drained()
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
    say(json.dumps(asdict(report)))


def say(line: str) -> None:
    """To whoever conducts."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
