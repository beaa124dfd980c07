"""Duration of a shutdown with a failing collector, next to the stock exporter."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CollectorRegistry

from instrumentation._export.base import build
from instrumentation._settings.export import ExportSettings
from tests.benchmarks.rows import Row
from tests.fakes import BLACKHOLE, CLOSED, DRIP, Collector, Fault, status

FAULTS: Final = {"dead": CLOSED, "hanging": BLACKHOLE, "dripping": DRIP, "refusing": status(503)}
SPANS: Final = 1500

Processor = Callable[[Collector], SpanProcessor]


def rows() -> Iterator[Row]:
    """Yield the row of the table."""
    cases = [(make, fault) for make in (ours, stock) for fault in FAULTS.values()]
    with ThreadPoolExecutor(len(cases)) as pool:
        seconds = list(pool.map(lambda case: shutdown(*case), cases))
    yield Row(
        figure=f"shutdown, collector {', '.join(FAULTS)}",
        goal="≤ 3 s",
        ours=_format(seconds[: len(FAULTS)]),
        peer=f"stock HTTP exporter {_format(seconds[len(FAULTS) :])}",
    )


def shutdown(make: Processor, fault: Fault) -> float:
    """Return the seconds of a shutdown with spans in the queue."""
    with Collector() as collector:
        processor = make(collector)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(processor)
        collector.misbehave(fault)
        tracer = provider.get_tracer("bench")
        for _ in range(SPANS):
            tracer.start_span("GET /orders").end()
        began = time.monotonic()
        provider.shutdown()
        return time.monotonic() - began


def ours(collector: Collector) -> SpanProcessor:
    """Return the processor of `instrument`."""
    settings = ExportSettings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint})
    return build(settings, resource=Resource({}), registry=CollectorRegistry())


def stock(collector: Collector) -> SpanProcessor:
    """Return the processor of the OpenTelemetry documentation."""
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{collector.http_endpoint}/v1/traces"))


def _format(seconds: list[float]) -> str:
    return ", ".join(f"{one:.1f}" for one in seconds) + " s"
