"""Cost of the import on top of FastAPI and uvicorn: median of time and memory.

Bytecode is cached, as for a service that was started before. Garbage of the import of FastAPI is
collected first, so that it does not count. psutil is hidden, because the SDK imports it if it is
installed, which is the case for tests but not for a service.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from statistics import median
from typing import Final

from tests.benchmarks.rows import Row, run_interleaved
from tests.benchmarks.subjects import PLAIN

TRIES: Final = 7

PROGRAM: Final = """
import gc, resource, sys, time
sys.modules["psutil"] = None
import fastapi, uvicorn, uvicorn.protocols.http.auto, uvicorn.loops.auto
gc.collect()
def pages(): return int(open("/proc/self/statm").read().split()[1])
before, started = pages(), time.process_time()
{statement}
print(time.process_time() - started, (pages() - before) * resource.getpagesize())
"""

OURS: Final = """
from instrumentation import instrument
instrument(fastapi.FastAPI())
"""
LIBRARIES: Final = "import prometheus_client, opentelemetry.sdk.trace"
"""Required libraries. A service that uses them cannot cost less."""

PEER: Final = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
FastAPIInstrumentor.instrument_app(fastapi.FastAPI())
"""


def rows() -> Iterator[Row]:
    """Yield the rows of the table."""
    (seconds, size), (their_seconds, their_size) = costs(OURS, PEER)
    yield Row(
        figure="import and set-up over fastapi + uvicorn",
        goal="≤ 30 ms, ≤ 4 MB",
        ours=f"{1000 * seconds:.0f} ms, {size / 1e6:.1f} MB",
        peer=f"contrib, stock exporter {1000 * their_seconds:.0f} ms, {their_size / 1e6:.1f} MB",
    )


def costs(*statements: str) -> list[tuple[float, float]]:
    """Return the median CPU seconds and resident bytes that each of *statements* adds."""
    runs = run_interleaved(
        {statement: partial(run, statement) for statement in statements}, rounds=TRIES
    )
    return [
        (median(run[0] for run in results), median(run[1] for run in results))
        for results in runs.values()
    ]


def run(statement: str, environ: Mapping[str, str] = PLAIN) -> tuple[float, float]:
    """Return the CPU seconds and resident bytes that *statement* adds in one process."""
    program = PROGRAM.format(statement=statement)
    output = subprocess.check_output(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environ},
        text=True,
    )
    seconds, size = output.split()
    return float(seconds), float(size)
