"""``instrument(app)``: set up telemetry for a service in one call."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from instrumentation._clients import CLIENTS
from instrumentation._server.asgi import Middleware
from instrumentation._setup.engine import ENGINES, configured_provider, default_engine, log_engine
from instrumentation._setup.telemetry import Telemetry, pipeline_of
from instrumentation._support.guard import LOGGER
from instrumentation._support.on_import import call_when_imported
from instrumentation.errors import ConfigurationError
from instrumentation.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from instrumentation._setup.pipeline import Engine, Pipeline
    from instrumentation._support.patch import Undo

DEFAULT_EXCLUDE = ("/metrics", "/healthz", "/readyz")
"""Paths of scrapes and health probes."""


def instrument(  # noqa: PLR0913  each is an independent option of the public API
    app: Any,
    *,
    service: str | None = None,
    engine: Engine | None = None,
    exclude: Iterable[str] = DEFAULT_EXCLUDE,
    clients: Iterable[str] | None = None,
    metrics_path: str | None = "/metrics",
    settings: Settings | None = None,
) -> Telemetry:
    """Trace and measure every request of *app*, and serve its metrics. Idempotent for an app.

    Args:
        app: A FastAPI or Starlette app; wrap others in ``TelemetryMiddleware``.
        service: Service name if ``OTEL_SERVICE_NAME`` is unset; the app's title when left out.
        engine: Creator of the server spans: ``asgi`` for Sightline, ``contrib`` or
            ``fastapi``. When left out, FastAPI if its ``telemetry`` has a tracer provider.
        exclude: Exact paths that are not recorded.
        clients: HTTP clients to trace, like ``httpx``; all of `CLIENTS` when left out.
        metrics_path: Path of the metrics page, unless the app has a route there; None for no page.
        settings: Read from the environment when left out; without ``service.version``, the
            version of the app is used.

    Returns:
        The telemetry of *app*, open until the process exits.

    Raises:
        ConfigurationError: An argument or environment variable has an invalid value.
    """
    engine = engine or default_engine(app)
    _check_app(app, engine)
    _check_paths(exclude, metrics_path)
    clients = _client_names(clients)
    existing: Telemetry | None = getattr(app, "_sightline_telemetry", None)
    if existing is not None:
        return existing
    telemetry = Telemetry(
        settings or Settings.from_env(),
        service=service or getattr(app, "title", "") or "unknown_service",
        exclude=exclude,
        metrics_path=metrics_path,
        engine=engine,
        version=_version(app),
        provider=configured_provider(app),
    )
    app._sightline_telemetry = telemetry
    _warn_if_started(app)
    attach(app, pipeline_of(telemetry), clients=clients)
    log_engine(app, engine)
    return telemetry


def _warn_if_started(app: Any) -> None:
    if app.middleware_stack is not None:
        LOGGER.warning(
            "instrument(app) was called after the app started: event-loop delay is not measured, "
            "and SIGTERM loses the last second of spans. Call it right after creating the app."
        )


def _version(app: object) -> str:
    """Return the version of *app*, or an empty string if it is FastAPI's default."""
    fastapi = sys.modules.get("fastapi")
    defaults = fastapi.FastAPI.__init__.__kwdefaults__ if fastapi is not None else None
    version = getattr(app, "version", "")
    return str(version) if version != (defaults or {}).get("version") else ""


def _check_app(app: object, engine: str) -> None:
    """Raise a ConfigurationError for an invalid argument, before anything starts."""
    if not hasattr(app, "build_middleware_stack"):
        raise ConfigurationError(
            f"instrument({app!r}): expected a FastAPI or Starlette app; "
            "wrap any other ASGI app in TelemetryMiddleware(app, telemetry)"
        )
    if engine not in ENGINES:
        raise ConfigurationError(f"engine={engine!r}: expected one of {', '.join(ENGINES)}")


def _check_paths(exclude: Iterable[str], metrics_path: str | None) -> None:
    if isinstance(exclude, str):  # its letters would be taken as paths
        raise ConfigurationError(f"exclude={exclude!r}: expected paths in a list, [{exclude!r}]")
    if metrics_path is not None and not metrics_path.startswith("/"):
        raise ConfigurationError(
            f"metrics_path={metrics_path!r}: expected a path like /metrics, or None"
        )


def _client_names(clients: Iterable[str] | None) -> tuple[str, ...]:
    """Return the clients to trace; all of them when *clients* is None."""
    names = tuple(CLIENTS if clients is None else clients)
    if isinstance(clients, str) or not set(names) <= set(CLIENTS):
        raise ConfigurationError(f"clients={clients!r}: expected a list of {', '.join(CLIENTS)}")
    return names


def attach(
    app: Any,
    pipeline: Pipeline,
    *,
    clients: Iterable[str] | None = None,
) -> Undo:
    """Add the middleware to *app*, outside of all others, and patch the clients.

    It also sees the responses of Starlette's own exception middleware.

    Returns:
        A function that removes the middleware and the patches.
    """
    undo = instrument_clients(CLIENTS if clients is None else clients, pipeline)
    undo.append(ENGINES[pipeline.engine](app, pipeline))
    stack = MiddlewareStack(app, pipeline, clients)
    app.build_middleware_stack = stack
    if app.middleware_stack is not None:
        app.middleware_stack = Middleware(app.middleware_stack, pipeline)

    def detach() -> None:
        for undo_one in undo:
            undo_one()
        app.build_middleware_stack = stack.build
        app.middleware_stack = None

    return detach


class MiddlewareStack:
    """Method ``build_middleware_stack()`` of an instrumented app, pickled with the app.

    The copy of an app in another process has its own pipeline, with the same settings. It patches
    the clients of that process when it builds its middleware.
    """

    def __init__(self, app: Any, pipeline: Pipeline, clients: Iterable[str] | None) -> None:
        self.build = app.build_middleware_stack
        """Method that this one replaces."""
        self._app = app
        self._pipeline = pipeline
        self._clients = tuple(CLIENTS if clients is None else clients)

    def __call__(self) -> Middleware:
        return Middleware(self.build(), self._pipeline)

    def __getstate__(self) -> tuple[Any, ...]:
        # The copy of a bound method would be that of the app's copy, which is this object.
        own = getattr(self.build, "__func__", None) is type(self._app).build_middleware_stack
        return self._app, self._pipeline, self._clients, None if own else self.build

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._app, self._pipeline, self._clients, build = state
        self.build = build or self._build_copy

    def _build_copy(self) -> Any:
        instrument_clients(self._clients, self._pipeline)
        return type(self._app).build_middleware_stack(self._app)


def instrument_clients(clients: Iterable[str], pipeline: Pipeline) -> list[Undo]:
    """Patch *clients*; return the functions that undo it."""
    return [_instrument_client(client, pipeline) for client in clients]


def _instrument_client(client: str, pipeline: Pipeline) -> Undo:
    """Patch *client* now if it is imported, otherwise when the service imports it."""
    patches: list[Undo] = []

    def patch() -> None:
        with pipeline.guard.operation("client_patch"):
            module = import_module(f"instrumentation._clients.{client}")
            patches.append(getattr(module, f"instrument_{client}")(pipeline.clients))

    cancel = call_when_imported(client, patch)

    def undo() -> None:
        cancel()
        for undo_patch in patches:
            undo_patch()

    return undo
