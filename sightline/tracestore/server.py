"""The process: every listener, started together and stopped together."""

import asyncio
import logging
import signal
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Final

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sightline.errors import PortTaken
from sightline.hosts import HostCheck
from sightline.request_deadline import http_protocol
from sightline.tracestore import links, otlp_grpc
from sightline.tracestore.api_v1 import ApiV1
from sightline.tracestore.api_v3 import ApiV3
from sightline.tracestore.health import health_app
from sightline.tracestore.monitor import Monitor
from sightline.tracestore.otlp_http import otlp_app
from sightline.tracestore.own_metrics import OwnMetrics
from sightline.tracestore.receiver import Receiver
from sightline.tracestore.responses import Traced, go_app
from sightline.tracestore.sampling import Strategies, sampling_app
from sightline.tracestore.settings import Settings
from sightline.tracestore.span_metrics import FLUSH_SECONDS, SpanMetrics
from sightline.tracestore.store import Store
from sightline.tracestore.writer import Writer

_log = logging.getLogger(__name__)

_GRACE_SECONDS: Final = 1
"""How long answers under way may take once the process is asked to stop."""
_KEEP_ALIVE_SECONDS: Final = 60
"""Longer than exporters pause between two batches."""

_BACKLOG: Final = 512


class ByPort:
    """Hands a request to the application of the port that it came in on."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._apps[scope["server"][1]](scope, receive, send)


class Server(uvicorn.Server):
    """A server that leaves signals to us: there is more to stop than HTTP."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave every handler as it is."""
        yield


def metrics_app(registry: CollectorRegistry) -> Starlette:
    """`/metrics` of one registry; OpenMetrics, with exemplars, where the scraper accepts it."""

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        body = await run_in_threadpool(encode, registry)
        return Response(body, headers={"Content-Type": content_type})

    return go_app([Route("/metrics", metrics)])


def query_app(settings: Settings, store: Store, metrics: OwnMetrics) -> ASGIApp:
    """The application on the query port."""
    routes = [
        *ApiV1(store, metrics).routes(),
        *ApiV3(store, metrics).routes(),
        *Monitor(settings.prometheus_url).routes(),
        *links.routes(settings.viewer_url, settings.ports.grafana),
    ]
    return Traced(go_app(routes))


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        PortTaken: Names the port; nothing was started.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with ExitStack() as opened:
        sockets = _listeners(settings, opened)
        store = opened.enter_context(closing(Store(settings.path, settings.bounds)))
        own, spans = OwnMetrics(), SpanMetrics()
        writer = opened.enter_context(closing(Writer(store, seen=spans.record)))
        apps = _apps(settings, store, own, spans, Receiver(writer, own, transport="http"))
        app = HostCheck(ByPort(apps), settings.allowed_hosts)
        grpc_receiver = Receiver(writer, own, transport="grpc")
        grpc_server = await otlp_grpc.serve(grpc_receiver, settings.host, settings.ports.otlp_grpc)
        housekeeping = asyncio.create_task(_keep_house(store, spans))
        await _until_stopped(_http_server(app), sockets, stop)
        housekeeping.cancel()
        await grpc_server.stop(_GRACE_SECONDS)


def _apps(
    settings: Settings, store: Store, own: OwnMetrics, spans: SpanMetrics, receiver: Receiver
) -> dict[int, ASGIApp]:
    """The application of each port."""
    registry = CollectorRegistry()
    registry.register(spans)
    ports = settings.ports
    return {
        ports.otlp_http: otlp_app(receiver),
        ports.jaeger_query: query_app(settings, store, own),
        ports.jaeger_metrics: metrics_app(own.registry),
        ports.jaeger_span_metrics: metrics_app(registry),
        ports.jaeger_sampling: sampling_app(Strategies(settings.sampling_file)),
        ports.jaeger_health: health_app(),
    }


def _listeners(settings: Settings, opened: ExitStack) -> list[socket.socket]:
    """A bound socket for each HTTP port; bound first, so that a taken port stops all."""
    ports = settings.ports
    http = (
        *(ports.otlp_http, ports.jaeger_query, ports.jaeger_metrics),
        *(ports.jaeger_span_metrics, ports.jaeger_sampling, ports.jaeger_health),
    )
    return [opened.enter_context(_listener(settings.host, port)) for port in http]


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise PortTaken(f"{host}:{port}: cannot listen: {error.strerror or error}") from error
    # Else the body of a small answer waits 40 ms for the client to acknowledge its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _http_server(app: ASGIApp) -> Server:
    return Server(
        uvicorn.Config(
            app,
            http=http_protocol(),
            access_log=False,
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            ws="none",
        )
    )


async def _until_stopped(server: Server, sockets: list[socket.socket], stop: asyncio.Event) -> None:
    """Serve HTTP until *stop* is set, or the server ends by itself."""
    serving = asyncio.create_task(server.serve(sockets))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    stopping.cancel()


async def _keep_house(store: Store, spans: SpanMetrics) -> None:
    """Publish span metrics, and drop what has grown too old although nothing new arrives."""
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        with _logged("span metrics were not published"):
            spans.flush()
        with _logged("an old file could not be removed"):
            store.expire()


@contextmanager
def _logged(problem: str) -> Iterator[None]:
    """Log an error of the block: the task must live for the next time."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        _log.warning("%s: %s", problem, error)
    except Exception:  # noqa: BLE001  as the docstring says
        _log.exception(problem)
