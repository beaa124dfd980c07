"""Service with 50 spans per second, of which one is rejected by Jaeger with Badger.

It prints a line per ended span (trace id, Unix time in seconds, ``good`` or ``poison``). After
SIGTERM or the given time, it prints the statistics of its export::

    python -m tests.jaeger.poisoned_service SECONDS
"""

import json
import os
import signal
import sys
import threading
import time
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry

from instrumentation._export.base import build
from instrumentation._settings.export import ExportSettings

SERVICE: Final = "poisoned"
SPANS_PER_SECOND: Final = 50
TOO_LONG: Final = "x" * 100_000
"""Longer than the 65,000 bytes of a key in Badger. Jaeger stores a key per attribute."""


def main(seconds: float) -> None:
    """Run for *seconds* or until SIGTERM, then shut down within 3 s."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    resource = Resource({"service.name": SERVICE})
    settings = ExportSettings.from_env(os.environ)
    export = build(settings, resource=resource, registry=CollectorRegistry())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(export)
    tracer = provider.get_tracer("tests.jaeger")
    for number in range(round(seconds * SPANS_PER_SECOND)):
        _end_span(tracer, number)
        if stop.wait(1 / SPANS_PER_SECOND):
            break
    export.shutdown_within(3)
    stats = export.stats()
    sys.stdout.write(json.dumps(stats._asdict(), default=dict) + "\n")


def _end_span(tracer: Tracer, number: int) -> None:
    second, place = divmod(number, SPANS_PER_SECOND)
    poison = place == SPANS_PER_SECOND // 2
    span = tracer.start_span(f"job {place}")
    if poison:
        _poison(span, second)
    span.end()
    kind = "poison" if poison else "good"
    sys.stdout.write(f"{span.get_span_context().trace_id:032x} {time.time()} {kind}\n")
    sys.stdout.flush()


def _poison(span: Span, second: int) -> None:
    if second % 2:
        span.set_attribute("payload", TOO_LONG)
    else:
        span.set_status(Status(StatusCode.ERROR, TOO_LONG))


if __name__ == "__main__":
    main(float(sys.argv[1]))
