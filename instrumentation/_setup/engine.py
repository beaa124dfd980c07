"""Engines that create an app's server spans: Sightline, the contrib package, or FastAPI itself.

The other engines use the same tracer provider. Sightline records the metrics in any case.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from instrumentation._server.fastapi_telemetry import config_of, configure
from instrumentation._server.route import route_path
from instrumentation._support.guard import LOGGER
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.trace import TracerProvider

    from instrumentation._setup.pipeline import Engine, Pipeline
    from instrumentation._support.asgi_types import Scope
    from instrumentation._support.patch import Undo

OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
"""Makes contrib use the stable conventions. Source: semantic conventions, "Migration"."""

PAGE: Final = "docs/how-to/fastapi-telemetry.md"


def configured_provider(app: object) -> TracerProvider | None:
    """Return the tracer provider in ``FastAPI(telemetry={…})`` of *app*, or None without one."""
    config = config_of(app)
    if config is None or not config["tracing"]:
        return None
    provider: TracerProvider | None = config["tracer_provider"]
    return provider


def default_engine(app: object) -> Engine:
    """Return the engine of *app* when `instrument()` gets no ``engine``."""
    return "asgi" if configured_provider(app) is None else "fastapi"


def log_engine(app: object, engine: Engine) -> None:
    """Log once which engine creates the server spans, if the app could create its own."""
    if config_of(app) is None:
        return
    if engine == "fastapi":
        LOGGER.info(
            "FastAPI creates the server spans of this app, and Sightline its metrics. "
            "Call instrument(app, engine='asgi') to let Sightline create the spans. See %s",
            PAGE,
        )
    else:
        LOGGER.info(
            "Sightline creates the server spans of this app instead of FastAPI's own telemetry, "
            "whose metrics, logs and request data stay as configured. "
            "Call instrument(app, engine='fastapi') to let FastAPI create the spans. See %s",
            PAGE,
        )


def _asgi(app: object, pipeline: Pipeline) -> Undo:
    return configure(app, exported=_exports_spans(pipeline), tracing=False)


def _exports_spans(pipeline: Pipeline) -> bool:
    """Return True when Sightline exports the spans, not a provider that the service set up."""
    return pipeline.tracing.exporting is not None


def _contrib(app: Any, pipeline: Pipeline) -> Undo:
    try:
        from opentelemetry.instrumentation.fastapi import (
            FastAPIInstrumentor,
        )
    except ImportError:
        raise ConfigurationError(
            "engine='contrib': expected the package opentelemetry-instrumentation-fastapi; "
            "install the extra 'contrib'"
        ) from None
    undo = configure(app, exported=_exports_spans(pipeline), tracing=False)
    os.environ.setdefault(OPT_IN, "http")
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=pipeline.tracing.provider,
        excluded_urls=",".join(
            (*(f"{path}$" for path in pipeline.excluded_paths), *pipeline.settings.excluded_urls)
        ),
        exclude_spans=["receive", "send"],
    )
    return undo


def _fastapi(app: object, pipeline: Pipeline) -> Undo:
    config = config_of(app)
    if config is None:
        raise ConfigurationError(
            f"engine='fastapi': expected a FastAPI of at least 0.142, got {app!r}"
        )
    user_exclude = config["exclude"]

    def is_excluded(scope: Scope) -> bool:
        return pipeline.excluded_paths.get(route_path(scope)) is not None or bool(
            user_exclude and user_exclude(scope)
        )

    return configure(
        app,
        exported=_exports_spans(pipeline),
        tracing=True,
        tracer_provider=config["tracer_provider"] or pipeline.tracing.provider,
        exclude=is_excluded,
    )


ENGINES: Final[Mapping[str, Callable[[Any, Pipeline], Undo]]] = {
    "asgi": _asgi,
    "contrib": _contrib,
    "fastapi": _fastapi,
}
"""Set-up function by engine; the returned function undoes it."""
