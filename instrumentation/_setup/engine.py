"""The maker of an app's server spans: Sightline, the contrib instrumentation, or FastAPI itself.

The others get our provider, so that their spans go the same way, and leave the metrics to us.
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from instrumentation._server.fastapi_telemetry import config_of, configure
from instrumentation._support.guard import LOGGER
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from instrumentation._setup.telemetry import Engine, Telemetry
    from instrumentation._support.asgi_types import Scope
    from instrumentation._support.patch import Undo

OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
"""How contrib is told to use the stable conventions. Source: semantic conventions, "Migration"."""

PAGE: Final = "docs/how-to/fastapi-telemetry.md"


def configured_provider(app: object) -> "TracerProvider | None":
    """Return the tracer provider that ``FastAPI(telemetry={…})`` of *app* names, if it does."""
    config = config_of(app)
    if config is None or not config["tracing"]:
        return None
    provider: TracerProvider | None = config["tracer_provider"]
    return provider


def default_engine(app: object) -> "Engine":
    """Return who makes the spans of *app* when `instrument()` is not told."""
    return "asgi" if configured_provider(app) is None else "fastapi"


def announce(app: object, engine: "Engine") -> None:
    """Log once which side makes the server spans of an app that could make its own."""
    if config_of(app) is None:
        return
    if engine == "fastapi":
        LOGGER.info(
            "FastAPI makes the server spans of this app and Sightline its metrics; "
            "instrument(app, engine='asgi') lets Sightline make them: %s",
            PAGE,
        )
    else:
        LOGGER.info(
            "Sightline makes the server spans of this app in place of FastAPI's own telemetry, "
            "whose metrics, logs and request data go on as configured; "
            "instrument(app, engine='fastapi') lets FastAPI make them: %s",
            PAGE,
        )


def _asgi(app: object, telemetry: "Telemetry") -> "Undo":
    return configure(app, exported=_exported(telemetry), tracing=False)


def _exported(telemetry: "Telemetry") -> bool:
    """Return whether Sightline exports the spans, as opposed to a provider of the service."""
    return telemetry.tracing.exporting is not None


def _contrib(app: Any, telemetry: "Telemetry") -> "Undo":  # noqa: ANN401  any Starlette or FastAPI
    try:
        from opentelemetry.instrumentation.fastapi import (  # noqa: PLC0415  an extra
            FastAPIInstrumentor,
        )
    except ImportError:
        raise ConfigurationError(
            "engine='contrib': expected the package opentelemetry-instrumentation-fastapi; "
            "install the extra 'contrib'"
        ) from None
    undo = configure(app, exported=_exported(telemetry), tracing=False)
    os.environ.setdefault(OPT_IN, "http")
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=telemetry.tracing.provider,
        excluded_urls=",".join(
            (*(f"{path}$" for path in telemetry.excluded), *telemetry.settings.excluded_urls)
        ),
        exclude_spans=["receive", "send"],
    )
    return undo


def _fastapi(app: object, telemetry: "Telemetry") -> "Undo":
    config = config_of(app)
    if config is None:
        raise ConfigurationError(
            f"engine='fastapi': expected a FastAPI of at least 0.142, got {app!r}"
        )
    by_user = config["exclude"]

    def excluded(scope: "Scope") -> bool:
        path = scope["path"].removeprefix(scope.get("root_path") or "")
        return telemetry.excluded.get(path) is not None or bool(by_user and by_user(scope))

    return configure(
        app,
        exported=_exported(telemetry),
        tracing=True,
        tracer_provider=config["tracer_provider"] or telemetry.tracing.provider,
        exclude=excluded,
    )


ENGINES: Final[Mapping[str, Callable[[Any, "Telemetry"], "Undo"]]] = {
    "asgi": _asgi,
    "contrib": _contrib,
    "fastapi": _fastapi,
}
"""How each engine is set up; the answer takes it off again."""
