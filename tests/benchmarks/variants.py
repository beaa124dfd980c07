"""A service bare, watched by us and watched by the peers.

A process is one variant: most of them leave traces in global state.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry


def nothing() -> None:
    """What there is to flush where nothing is exported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What became of a service."""

    flush: Callable[[], object] = nothing
    """Exports what waits."""
    registry: CollectorRegistry = REGISTRY
    """What its ``/metrics`` shows."""


Variant = Callable[[FastAPI], Watched]


def bare(app: FastAPI) -> Watched:
    """Nobody watches."""
    del app
    return Watched()


def ours(app: FastAPI) -> Watched:
    """Traces, metrics, exemplars, export over OTLP; the environment says the rest."""
    from instrumentation import instrument  # noqa: PLC0415  other variants must not pay for it

    telemetry = instrument(app, clients=())
    return Watched(flush=telemetry.flush, registry=telemetry.registry)


def metrics_only(app: FastAPI) -> Watched:
    """Our metrics without traces."""
    os.environ["OTEL_SDK_DISABLED"] = "true"
    return ours(app)


def contrib_and_pfi(app: FastAPI) -> Watched:
    """What people pick today: contrib with the stock exporter, and a Prometheus instrumentator."""
    from opentelemetry.instrumentation.fastapi import (  # noqa: PLC0415  as above
        FastAPIInstrumentor,
    )

    watched = _stock_provider()
    FastAPIInstrumentor.instrument_app(app)
    prometheus_only(app)
    return watched


def native(app: FastAPI) -> Watched:
    """FastAPI's own telemetry without the spans of its operations, stock exporter, no metrics."""
    app._telemetry["operation_spans"] = False  # noqa: SLF001  as FastAPI(telemetry=…) would
    return _stock_provider()


def prometheus_only(app: FastAPI) -> Watched:
    """prometheus-fastapi-instrumentator."""
    from prometheus_fastapi_instrumentator import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  in bench.lock alone
        Instrumentator,
    )

    Instrumentator().instrument(app).expose(app)
    return Watched()


def _stock_provider() -> Watched:
    from opentelemetry import trace  # noqa: PLC0415  as above
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  as above
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  as above

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return Watched(flush=provider.force_flush)


VARIANTS: Final[dict[str, Variant]] = {
    "bare": bare,
    "ours": ours,
    "metrics": metrics_only,
    "contrib+PFI": contrib_and_pfi,
    "native": native,
    "PFI": prometheus_only,
}
"""By name; see each for what it is."""

TENTH: Final = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
"""An environment in which one trace of ten is kept."""
