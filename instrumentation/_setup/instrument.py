"""``instrument(app)``: everything a service needs in one call."""

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from instrumentation._server.asgi import TelemetryMiddleware
from instrumentation._setup.engine import ENGINES, announce, configured_provider, default_engine
from instrumentation._setup.telemetry import Engine, Telemetry
from instrumentation._support.guard import LOGGER
from instrumentation._support.on_import import call_when_imported
from instrumentation._support.patch import Undo
from instrumentation.errors import ConfigurationError
from instrumentation.settings import Settings

NOT_RECORDED = ("/metrics", "/healthz", "/readyz")
"""Paths that probes and scrapes ask for all day."""


def instrument(  # noqa: PLR0913  each is a thing one may want to say
    app: Any,  # noqa: ANN401  any Starlette or FastAPI
    *,
    service: str | None = None,
    engine: Engine | None = None,
    exclude: Iterable[str] = NOT_RECORDED,
    clients: Iterable[str] | None = None,
    metrics_path: str | None = "/metrics",
    settings: Settings | None = None,
) -> Telemetry:
    """Trace and measure every request of *app*, and serve its metrics; once for each app.

    Args:
        app: A FastAPI or Starlette app; wrap others in ``TelemetryMiddleware``.
        service: The name of the service where ``OTEL_SERVICE_NAME`` has none; the app's title
            when left out.
        engine: Maker of the server span: ``asgi`` (Sightline), ``contrib`` (the contrib package)
            or ``fastapi`` (FastAPI itself). When left out, FastAPI where its ``telemetry`` names
            a tracer provider, or else Sightline.
        exclude: Paths that are not recorded.
        clients: HTTP clients to trace: ``requests``, ``httpx``, ``aiohttp``, or all of them.
        metrics_path: Path of the metrics page unless the app has one there; None for none.
        settings: Read from the environment when left out. The app's version is
            ``service.version`` where they name none.

    Raises:
        ConfigurationError: An argument or variable says something we cannot use.
    """
    engine = engine or default_engine(app)
    _check(app, engine)
    _check_paths(exclude, metrics_path)
    clients = _checked(clients)
    known: Telemetry | None = getattr(app, "_sightline_telemetry", None)
    if known is not None:
        return known
    telemetry = Telemetry(
        settings or Settings.from_env(),
        service=service or getattr(app, "title", "") or "unknown_service",
        exclude=exclude,
        metrics_path=metrics_path,
        engine=engine,
        version=_version(app),
        provider=configured_provider(app),
    )
    app._sightline_telemetry = telemetry  # noqa: SLF001  our own mark
    _warn_when_started(app)
    attach(app, telemetry, clients=clients)
    announce(app, engine)
    return telemetry


def _warn_when_started(app: Any) -> None:  # noqa: ANN401  as above
    if app.middleware_stack is not None:
        LOGGER.warning(
            "instrument(app) was called after the app had started: the event loop is not "
            "measured, and SIGTERM loses the spans of the last second; call it where the app is "
            "created"
        )


def _version(app: object) -> str:
    """Return the version that *app* was given; FastAPI's default is none."""
    fastapi = sys.modules.get("fastapi")
    defaults = fastapi.FastAPI.__init__.__kwdefaults__ if fastapi is not None else None
    version = getattr(app, "version", "")
    return str(version) if version != (defaults or {}).get("version") else ""


def _check(app: object, engine: str) -> None:
    """Raise a ConfigurationError for an argument that we cannot use, before anything starts."""
    if not hasattr(app, "build_middleware_stack"):
        raise ConfigurationError(
            f"instrument({app!r}): expected a FastAPI or Starlette app; "
            "wrap any other ASGI app in TelemetryMiddleware(app, telemetry)"
        )
    if engine not in ENGINES:
        raise ConfigurationError(f"engine={engine!r}: expected one of {', '.join(ENGINES)}")


def _check_paths(exclude: Iterable[str], metrics_path: str | None) -> None:
    if isinstance(exclude, str):  # whose letters would be paths
        raise ConfigurationError(f"exclude={exclude!r}: expected paths in a list, [{exclude!r}]")
    if metrics_path is not None and not metrics_path.startswith("/"):
        raise ConfigurationError(
            f"metrics_path={metrics_path!r}: expected a path like /metrics, or None"
        )


def _checked(clients: Iterable[str] | None) -> tuple[str, ...]:
    """The clients to trace, all of them when *clients* is None."""
    names = tuple(CLIENTS if clients is None else clients)
    if isinstance(clients, str) or not set(names) <= set(CLIENTS):
        raise ConfigurationError(f"clients={clients!r}: expected a list of {', '.join(CLIENTS)}")
    return names


def attach(
    app: Any,  # noqa: ANN401  as above
    telemetry: Telemetry,
    *,
    clients: Iterable[str] | None = None,
) -> Undo:
    """Let *telemetry* watch *app*: outside of all middleware, even what answers for exceptions.

    Returns:
        Takes the middleware off again, and the hooks of the clients.
    """
    names = CLIENTS if clients is None else clients
    undo = [_instrument_client(client, telemetry) for client in names]
    undo.append(ENGINES[telemetry.engine](app, telemetry))
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: TelemetryMiddleware(build(), telemetry)
    if app.middleware_stack is not None:
        app.middleware_stack = TelemetryMiddleware(app.middleware_stack, telemetry)

    def detach() -> None:
        for put_back in undo:
            put_back()
        app.build_middleware_stack = build
        app.middleware_stack = None

    return detach


CLIENTS = ("aiohttp", "httpx", "requests")
"""HTTP clients; each has a module of its name in `_clients`."""


def _instrument_client(client: str, telemetry: Telemetry) -> Undo:
    """Patch *client* now, or when the service imports it: it may never do."""
    done: list[Undo] = []

    def patch() -> None:
        with telemetry.guard.operation("client_patch"):
            module = import_module(f"instrumentation._clients.{client}")
            done.append(getattr(module, f"instrument_{client}")(telemetry.clients))

    def undo() -> None:
        for put_back in done:
            put_back()

    call_when_imported(client, patch)
    return undo
