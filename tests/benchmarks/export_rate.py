"""Spans per second that one core ends and exports, next to the stock exporter."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry

from instrumentation._export.base import build
from instrumentation._export.processor import ExportProcessor
from instrumentation._settings.export import ExportSettings
from tests.benchmarks import cores
from tests.benchmarks.encode import ATTRIBUTES
from tests.benchmarks.rows import Row
from tests.fakes import Collector

RATES: Final = (2_000, 5_000, 10_000, 25_000, 40_000)
SECONDS: Final = 3.0
SLICE_SECONDS: Final = 0.01

Outcome = dict[str, float]
"""Keys: ``offered``, ``arrived``, and ``seconds`` until all spans arrived."""


def rows() -> Iterator[Row]:
    """Yield the row of the table."""
    ours, stock = find_highest("otlp"), find_highest("otlp_proto_http")
    yield Row(
        figure="spans/s exported on one core, none dropped",
        goal="≥ 25 000",
        ours=f"{ours:,}",
        peer=f"stock HTTP exporter {stock:,}",
    )


def find_highest(exporter: str) -> int:
    """Return the highest of `RATES` at which every span arrives, or 0."""
    sustained = 0
    for rate in RATES:
        outcome = run(rate, exporter)
        if outcome["arrived"] < outcome["offered"]:
            break
        sustained = rate
    return sustained


def run(rate: int, exporter: str = "otlp") -> Outcome:
    """Offer *rate* spans per second in a separate process on one core."""
    with cores.on_other_core(), Collector() as collector:
        process = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.export_rate", str(rate), str(cores.SUBJECT)],
            env={
                **os.environ,
                "OTEL_TRACES_EXPORTER": exporter,
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
            },
            check=True,
            capture_output=True,
            text=True,
        )
        outcome: Outcome = json.loads(process.stdout)
        return {**outcome, "arrived": len(collector.spans)}


def offer(export: ExportProcessor, rate: int) -> int:
    """End spans at *rate* for `SECONDS` and return their number."""
    began = time.monotonic()
    offered = 0
    while (passed := time.monotonic() - began) < SECONDS:
        for _ in range(int(passed * rate) - offered):
            export.on_end(_span(offered))
            offered += 1
        time.sleep(SLICE_SECONDS)
    return offered


def _span(number: int) -> ReadableSpan:
    context = SpanContext(number + 1, number + 1, is_remote=False, trace_flags=TraceFlags(1))
    return ReadableSpan(
        "GET /orders/{order_id}",
        context,
        resource=RESOURCE,
        attributes={**ATTRIBUTES, "url.path": f"/orders/{number % 100}"},
        start_time=number,
        end_time=number + 1,
    )


RESOURCE = Resource({"service.name": "s"})


def main() -> None:
    """Offer spans and print an `Outcome`."""
    rate, core = map(int, sys.argv[1:])
    os.sched_setaffinity(0, {core})
    settings = ExportSettings.from_env(os.environ)
    export = build(settings, resource=RESOURCE, registry=CollectorRegistry())
    began = time.monotonic()
    offered = offer(export, rate)
    export.shutdown_within(30)
    print(json.dumps({"offered": offered, "seconds": time.monotonic() - began}))  # noqa: T201


if __name__ == "__main__":
    main()
