"""``instrument(app)``: set up telemetry for a service in one call."""

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from instrumentation._server.asgi import TelemetryMiddleware
from instrumentation._setup.engine import ENGINES, configured_provider, default_engine, log_engine
from instrumentation._setup.telemetry import Engine, Telemetry
from instrumentation._support.guard import LOGGER
from instrumentation._support.on_import import call_when_imported
from instrumentation._support.patch import Undo
from instrumentation.errors import ConfigurationError
from instrumentation.settings import Settings

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
        clients: HTTP clients to trace: ``requests``, ``httpx``, ``aiohttp``; all when left out.
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
    attach(app, telemetry, clients=clients)
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
    telemetry: Telemetry,
    *,
    clients: Iterable[str] | None = None,
) -> Undo:
    """Add the telemetry middleware to *app*, outside of all others, and patch the clients.

    It also sees the responses of Starlette's own exception middleware.

    Returns:
        A function that removes the middleware and the patches.
    """
    names = CLIENTS if clients is None else clients
    undo = [_instrument_client(client, telemetry) for client in names]
    undo.append(ENGINES[telemetry.engine](app, telemetry))
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: TelemetryMiddleware(build(), telemetry)
    if app.middleware_stack is not None:
        app.middleware_stack = TelemetryMiddleware(app.middleware_stack, telemetry)

    def detach() -> None:
        for undo_one in undo:
            undo_one()
        app.build_middleware_stack = build
        app.middleware_stack = None

    return detach


CLIENTS = ("aiohttp", "httpx", "requests")
"""HTTP clients that can be traced; `_clients` has a module of the same name for each."""


def _instrument_client(client: str, telemetry: Telemetry) -> Undo:
    """Patch *client* now if it is imported, otherwise when the service imports it."""
    patches: list[Undo] = []

    def patch() -> None:
        with telemetry.guard.operation("client_patch"):
            module = import_module(f"instrumentation._clients.{client}")
            patches.append(getattr(module, f"instrument_{client}")(telemetry.clients))

    def undo() -> None:
        for undo_patch in patches:
            undo_patch()

    call_when_imported(client, patch)
    return undo
