"""One pass around an ASGI app: a server span and its metrics for each request.

Failures of this module never reach the service (see ``_support/guard.py``). Exceptions of the
service pass through unchanged.
"""

from typing import Final, Protocol

from instrumentation._server.entry import OURS, UNRECORDED, Entry
from instrumentation._server.excluded import ExcludedPaths
from instrumentation._server.fastapi_telemetry import NATIVE, NativeRequest, forget, record_maker
from instrumentation._server.request import Request, Requests
from instrumentation._spans.context import detach
from instrumentation._support.asgi_types import ASGIApp, Message, Receive, Scope, Send
from instrumentation._support.guard import Guard

STOPPED: Final = frozenset({"lifespan.shutdown.complete", "lifespan.shutdown.failed"})


class ServiceTelemetry(Protocol):
    """Telemetry of one service, as the middleware uses it."""

    @property
    def engine(self) -> str:
        """The maker of server spans."""

    excluded: ExcludedPaths
    entry: Entry
    guard: Guard
    requests: Requests

    def started(self) -> None:
        """Note that the service starts, on the event loop that runs now."""

    async def stopped(self) -> None:
        """Send what waits: the server may exit after this."""


class TelemetryMiddleware:
    """Traces and measures what passes through; usable on any ASGI app.

    Args:
        app: What to wrap.
        telemetry: Where spans and metrics go.
    """

    def __init__(self, app: ASGIApp, telemetry: ServiceTelemetry) -> None:
        self.app = app
        self.telemetry = telemetry
        # FastAPI makes its own records where it makes the spans.
        self._record = record_maker() if telemetry.engine != "fastapi" else None
        self._begin = self._first
        self._excluded = telemetry.excluded
        self._isolate = telemetry.entry.isolate
        self._open = telemetry.requests.open
        self._metrics_path: ASGIApp | None = None
        self._starting = telemetry.guard.operation("request_start")
        self._finishing = telemetry.guard.operation("request_end")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection through."""
        if scope["type"] != "http" or scope.get(OURS) is self.telemetry:
            await self._pass_on(scope, receive, send)
            return
        # The path below the one that the server or proxy answers under.
        path = scope["path"].removeprefix(scope.get("root_path") or "")
        excluded = self._excluded.get(path)
        if excluded is not None:
            answering = self._exposed(excluded.app) if excluded.app else self.app
            await self._pass_unrecorded(answering, scope, receive, send)
            return
        record = self._recorded(scope)
        try:
            request = self._begin(scope, send)
        except Exception as error:  # noqa: BLE001  see _support/guard.py
            self._starting.failed(error)
            await self._pass_unrecorded(self.app, scope, receive, send)
            return
        scope[OURS] = self.telemetry
        if not request.sized:
            receive = request.counting(receive)
        try:
            await self.app(scope, receive, request.send)
        except BaseException as error:
            request.error = error
            raise
        finally:
            try:
                request.finish()
            except Exception as error:  # noqa: BLE001  see _support/guard.py
                self._finishing.failed(error)
            if record is not None:
                forget(record)

    def _exposed(self, page: ASGIApp) -> ASGIApp:
        """Return what answers scrapes: *page*, or the app where it has one of its own."""
        if self._metrics_path is None:
            from instrumentation._server.metrics_path import MetricsPath  # noqa: PLC0415  no service starts by it

            finding = self.telemetry.guard.operation("metrics_path")
            self._metrics_path = MetricsPath(self.app, page, finding)
        return self._metrics_path

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._live(scope, receive, send)
            case "websocket" if scope.get(OURS) is not self.telemetry:
                await self._converse(scope, receive, send)
            case _:
                await self.app(scope, receive, send)

    async def _pass_unrecorded(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Call *app* without a span, and without the context of an earlier request."""
        token = None
        with self._starting:
            token = self._isolate(scope)
        scope[UNRECORDED] = self.telemetry
        self._mark(scope)
        try:
            await app(scope, receive, send)
        finally:
            with self._finishing:
                if token is not None:
                    detach(token)

    def _mark(self, scope: Scope) -> None:
        scope[OURS] = self.telemetry
        if self._record is not None and NATIVE not in scope:
            scope[NATIVE] = None

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        record = self._recorded(scope)
        socket = None
        with self._starting:
            socket = self._open(scope, receive, send)
        if socket is None:
            await self._pass_unrecorded(self.app, scope, receive, send)
            return
        self._mark(scope)
        try:
            await self.app(scope, socket.receive, socket.send)
        except BaseException as error:
            socket.error = error
            raise
        finally:
            with self._finishing:
                socket.finish()
            if record is not None:
                forget(record)

    def _recorded(self, scope: Scope) -> NativeRequest | None:
        """Give *scope* a record for FastAPI to fill in, unless it has one."""
        if self._record is None or NATIVE in scope:
            return None
        scope[NATIVE] = record = self._record(scope.get("root_path") or "")
        return record

    def _first(self, scope: Scope, send: Send) -> Request:
        """Start with the first request, for servers that tell of no lifespan."""
        self._start()
        return self._begin(scope, send)

    def _start(self) -> None:
        self._begin = self.telemetry.requests.begin
        with self._starting:
            self.telemetry.started()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start with the app, and send what waits before the server may exit.

        A server that was sent SIGTERM ends by that signal once the lifespan is over, so that no
        exit handler runs: this is the last chance. An app that knows no lifespan gets ours.
        """
        self._start()
        asked = False

        async def asking() -> Message:
            nonlocal asked
            asked = True
            return await receive()

        async def flushing(message: Message) -> None:
            if message["type"] in STOPPED:
                await self._stop()
            await send(message)

        try:
            await self.app(scope, asking, flushing)
        except Exception:
            if asked:
                raise
        if not asked:
            await self._live_alone(receive, send)

    async def _live_alone(self, receive: Receive, send: Send) -> None:
        """Answer for an app that has given up without a word. Source: ASGI, "Lifespan"."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop(self) -> None:
        with self._finishing:
            await self.telemetry.stopped()
