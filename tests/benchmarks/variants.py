"""Variants of a service: bare, with our instrumentation, and with those of the peers.

A process runs one variant, because most of them change global state.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry


def flush_nothing() -> None:
    """Flush nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrumented:
    """Instrumented service."""

    flush: Callable[[], object] = flush_nothing
    """Function that exports the queue."""
    registry: CollectorRegistry = REGISTRY
    """Registry of ``/metrics``."""


Variant = Callable[[FastAPI], Instrumented]


def bare(app: FastAPI) -> Instrumented:
    """Instrument nothing."""
    del app
    return Instrumented()


def ours(app: FastAPI) -> Instrumented:
    """Instrument with traces, metrics, exemplars and OTLP export."""
    from instrumentation import instrument  # noqa: PLC0415  not a cost of other variants

    telemetry = instrument(app, clients=())
    return Instrumented(flush=telemetry.flush, registry=telemetry.registry)


def metrics_only(app: FastAPI) -> Instrumented:
    """Instrument with metrics only."""
    os.environ["OTEL_SDK_DISABLED"] = "true"
    return ours(app)


def contrib_and_pfi(app: FastAPI) -> Instrumented:
    """Instrument with contrib, the stock exporter and a Prometheus instrumentator."""
    from opentelemetry.instrumentation.fastapi import (  # noqa: PLC0415  as above
        FastAPIInstrumentor,
    )

    instrumented = _stock_provider()
    FastAPIInstrumentor.instrument_app(app)
    prometheus_only(app)
    return instrumented


def native(app: FastAPI) -> Instrumented:
    """Use FastAPI's own telemetry without operation spans, with the stock exporter."""
    app._telemetry["operation_spans"] = False  # noqa: SLF001  as FastAPI(telemetry=…) does
    return _stock_provider()


def prometheus_only(app: FastAPI) -> Instrumented:
    """Instrument with prometheus-fastapi-instrumentator."""
    from prometheus_fastapi_instrumentator import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  only in bench.lock
        Instrumentator,
    )

    Instrumentator().instrument(app).expose(app)
    return Instrumented()


def _stock_provider() -> Instrumented:
    from opentelemetry import trace  # noqa: PLC0415  as above
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  as above
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  as above

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return Instrumented(flush=provider.force_flush)


VARIANTS: Final[dict[str, Variant]] = {
    "bare": bare,
    "ours": ours,
    "metrics": metrics_only,
    "contrib+PFI": contrib_and_pfi,
    "native": native,
    "PFI": prometheus_only,
}
"""Variants by name."""

TENTH: Final = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
"""Environment that samples one trace of ten."""
