"""Trace store process: all listeners start together and stop together."""

import asyncio
import logging
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Final

import uvicorn
from prometheus_client import CollectorRegistry, disable_created_metrics
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
from sightline.tracestore.health import health_app
from sightline.tracestore.ingest import otlp_grpc
from sightline.tracestore.ingest.bodies import Bodies
from sightline.tracestore.ingest.intake import Intake
from sightline.tracestore.ingest.metrics import IngestMetrics
from sightline.tracestore.ingest.otlp_http import otlp_app
from sightline.tracestore.ingest.receiver import Receiver
from sightline.tracestore.ingest.span_metrics import FLUSH_SECONDS, SpanMetrics
from sightline.tracestore.ingest.writer import Writer
from sightline.tracestore.process_metrics import ProcessMetrics
from sightline.tracestore.query.api_v1 import ApiV1
from sightline.tracestore.query.api_v3 import ApiV3
from sightline.tracestore.query.links import Links
from sightline.tracestore.query.metrics import ReadMetrics
from sightline.tracestore.query.monitor import Monitor
from sightline.tracestore.query.outbox import Outbox
from sightline.tracestore.query.reads import Reads
from sightline.tracestore.query.responses import Traced, jaeger_app
from sightline.tracestore.sampling import Strategies, sampling_app
from sightline.tracestore.settings import Settings
from sightline.tracestore.storage.memory import return_free_memory
from sightline.tracestore.storage.store import Store
from sightline.tracestore.transform import transform_route

_log = logging.getLogger(__name__)

_GRACE_SECONDS: Final = 1
"""Time for responses in flight after SIGTERM."""
_KEEP_ALIVE_SECONDS: Final = 60
"""Longer than exporters pause between two batches."""

_BACKLOG: Final = 128
"""Connections that the kernel accepts for each port. asyncio tries as many at a time, and logs each
failure."""


class PortDispatch:
    """ASGI application that routes a request to the application of its port."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._apps[scope["server"][1]](scope, receive, send)


class Server(uvicorn.Server):
    """HTTP server without signal handlers, because gRPC and the writer must stop, too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handler."""
        yield


def metrics_app(registry: CollectorRegistry) -> Starlette:
    """Return an application with `/metrics` of *registry*; OpenMetrics if the scraper accepts."""

    async def metrics(request: Request) -> Response:
        encode, content_type = _encoder(request.headers.get("accept", ""))
        body = await run_in_threadpool(encode, registry)
        return Response(body, headers={"Content-Type": content_type})

    return jaeger_app([Route("/metrics", metrics)])


def _encoder(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """Return encoder and content type; text for a header with a version that is no number."""
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):  # of the library's comparison of versions
        return choose_encoder("")


def query_app(
    settings: Settings, store: Store, reads: Reads, outbox: Outbox, intake: Intake
) -> ASGIApp:
    """Return the application of the query port."""
    routes = [
        *ApiV1(store, reads, outbox).routes(),
        *ApiV3(store, reads, outbox).routes(),
        *Monitor(settings.prometheus_url).routes(),
        *Links(settings.viewer_url, settings.ports.grafana, store, reads).routes(),
        transform_route(intake, outbox),
    ]
    return Traced(jaeger_app(routes))


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        PortTaken: A port is in use; nothing was started.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    with ExitStack() as opened:
        sockets = _listeners(settings, opened)
        store = opened.enter_context(closing(Store(settings.path, settings.bounds)))
        registry = CollectorRegistry()
        registry.register(ProcessMetrics())
        ingest, spans = IngestMetrics(registry), SpanMetrics()
        writer = opened.enter_context(closing(Writer(store, on_stored=spans.record)))
        bodies, outbox = Bodies(), Outbox()
        intake, reads = Intake(bodies), Reads(ReadMetrics(registry))
        http_receiver = Receiver(intake, writer, ingest, transport="http")
        apps: dict[int, ASGIApp] = {
            settings.ports.otlp_http: otlp_app(http_receiver),
            settings.ports.jaeger_query: query_app(settings, store, reads, outbox, intake),
            **_other_apps(settings, registry, spans),
        }
        app = HostCheck(PortDispatch(apps), settings.allowed_hosts)
        grpc_receiver = Receiver(intake, writer, ingest, transport="grpc")
        grpc_server = await otlp_grpc.serve(grpc_receiver, settings.host, settings.ports.otlp_grpc)
        maintenance = asyncio.create_task(_maintain(store, spans))
        await _until_stopped(_http_server(app), sockets, stop, unfinished=(bodies, outbox))
        maintenance.cancel()
        await grpc_server.stop(_GRACE_SECONDS)


def _other_apps(
    settings: Settings, registry: CollectorRegistry, spans: SpanMetrics
) -> dict[int, ASGIApp]:
    """Return the application of each port for metrics, sampling and health."""
    span_registry = CollectorRegistry()
    span_registry.register(spans)
    ports = settings.ports
    return {
        ports.jaeger_metrics: metrics_app(registry),
        ports.jaeger_span_metrics: metrics_app(span_registry),
        ports.jaeger_sampling: sampling_app(Strategies(settings.sampling_file)),
        ports.jaeger_health: health_app(),
    }


def _listeners(settings: Settings, opened: ExitStack) -> list[socket.socket]:
    """Bind a socket for each HTTP port before anything starts."""
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
    # With Nagle's algorithm, a small body waits 40 ms for the acknowledgment of its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _http_server(app: ASGIApp) -> Server:
    return Server(
        uvicorn.Config(
            app,
            http=http_protocol(),
            access_log=False,
            backlog=_BACKLOG,
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            ws="none",
        )
    )


async def _until_stopped(
    server: Server,
    sockets: list[socket.socket],
    stop: asyncio.Event,
    *,
    unfinished: Iterable[Bodies | Outbox],
) -> None:
    """Serve HTTP until *stop* is set or the server ends, and end what is *unfinished* then."""
    serving = asyncio.create_task(server.serve(sockets))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    for each in unfinished:
        each.close()
    await serving
    stopping.cancel()


async def _maintain(store: Store, spans: SpanMetrics) -> None:
    """Publish span metrics and expire old files, also while no span arrives."""
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        with _log_errors("publishing span metrics failed"):
            spans.flush()
        with _log_errors("removing an expired file failed"):
            store.expire()
        return_free_memory()


@contextmanager
def _log_errors(problem: str) -> Iterator[None]:
    """Log an error of the block, so that the maintenance task continues."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        _log.warning("%s: %s", problem, error)
    except Exception:  # noqa: BLE001  as in the docstring
        _log.exception(problem)
