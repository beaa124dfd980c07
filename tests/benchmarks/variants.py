"""The same small service, bare, watched by us and watched by the peers.

A process is one variant: most of them leave traces in global state.
"""

import os
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI

Flush = Callable[[], object]
Variant = Callable[[FastAPI], Flush]


def service(routes: int) -> FastAPI:
    """A service with *routes* routes, of which the last is asked for."""
    app = FastAPI()

    async def other(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    for number in range(routes - 1):
        app.get(f"/other{number}/{{item_id}}/details")(other)

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, Any]:
        return {"item_id": item_id, "name": "widget", "price": 9.5}

    return app


def bare(app: FastAPI) -> Flush:
    """Nobody watches."""
    del app
    return lambda: None


def ours(app: FastAPI) -> Flush:
    """Traces, metrics, exemplars, export over OTLP; the environment says the rest."""
    from instrumentation import instrument  # noqa: PLC0415  other variants must not pay for it

    return instrument(app, clients=()).flush


def metrics_only(app: FastAPI) -> Flush:
    """Our metrics without traces."""
    os.environ["OTEL_SDK_DISABLED"] = "true"
    ours(app)
    return lambda: None


def contrib_and_pfi(app: FastAPI) -> Flush:
    """What people pick today: contrib with the stock exporter, and a Prometheus instrumentator."""
    from opentelemetry.instrumentation.fastapi import (  # noqa: PLC0415  as above
        FastAPIInstrumentor,
    )

    flush = _stock_provider()
    FastAPIInstrumentor.instrument_app(app)
    prometheus_only(app)
    return flush


def native(app: FastAPI) -> Flush:
    """FastAPI's own telemetry without the spans of its operations, stock exporter, no metrics."""
    app._telemetry["operation_spans"] = False  # noqa: SLF001  as FastAPI(telemetry=…) would
    return _stock_provider()


def prometheus_only(app: FastAPI) -> Flush:
    """prometheus-fastapi-instrumentator."""
    from prometheus_fastapi_instrumentator import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  in bench.lock alone
        Instrumentator,
    )

    Instrumentator().instrument(app).expose(app)
    return lambda: None


def _stock_provider() -> Flush:
    from opentelemetry import trace  # noqa: PLC0415  as above
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  as above
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  as above

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.force_flush


VARIANTS: Final[dict[str, Variant]] = {
    "bare": bare,
    "ours": ours,
    "metrics": metrics_only,
    "contrib+pfi": contrib_and_pfi,
    "native": native,
    "pfi": prometheus_only,
}
"""By name; see each for what it is."""
