"""Who makes the server span of a FastAPI app: we, the contrib instrumentation, or FastAPI itself.

The others get our provider, so that their spans go the same way, and leave the metrics to us.
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from instrumentation._telemetry import Telemetry

OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
"""How contrib is told to use the stable conventions. Source: semantic conventions, "Migration"."""


def _silence(app: Any) -> dict[str, Any] | None:  # noqa: ANN401  any Starlette or FastAPI
    """Switch FastAPI's own telemetry off: it decides before any middleware runs."""
    native: dict[str, Any] | None = getattr(app, "_telemetry", None)
    if native is not None:
        native.update(tracing=False, metrics=False, logs=False)
    return native


def _asgi(app: Any, telemetry: "Telemetry") -> None:  # noqa: ANN401  as above
    del telemetry
    _silence(app)


def _contrib(app: Any, telemetry: "Telemetry") -> None:  # noqa: ANN401  as above
    try:
        from opentelemetry.instrumentation.fastapi import (  # noqa: PLC0415  an extra
            FastAPIInstrumentor,
        )
    except ImportError:
        raise ConfigurationError(
            "engine='contrib': expected the package opentelemetry-instrumentation-fastapi; "
            "install the extra 'contrib'"
        ) from None
    _silence(app)
    os.environ.setdefault(OPT_IN, "http")
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=telemetry.tracing.provider,
        excluded_urls=",".join(
            (*(f"{path}$" for path in telemetry.aside), *telemetry.settings.excluded_urls)
        ),
        exclude_spans=["receive", "send"],
    )


def _fastapi(app: Any, telemetry: "Telemetry") -> None:  # noqa: ANN401  as above
    native = _silence(app)
    if native is None:
        raise ConfigurationError(
            f"engine='fastapi': expected a FastAPI of at least 0.142, got {app!r}"
        )
    native.update(
        tracing=True,
        tracer_provider=telemetry.tracing.provider,
        exclude=lambda scope: telemetry.aside.get(scope["path"]) is not None,
    )


ENGINES: Final[Mapping[str, Callable[[Any, "Telemetry"], None]]] = {
    "asgi": _asgi,
    "contrib": _contrib,
    "fastapi": _fastapi,
}
"""How each engine is set up."""
