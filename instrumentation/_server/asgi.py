"""ASGI middleware that records a server span and metrics for each request.

Internal errors never reach the service (see ``_support/guard.py``). Exceptions of the service are
raised unchanged.
"""

from typing import Final, Protocol

from instrumentation._server.entry import TELEMETRY_KEY, UNRECORDED_KEY, Entry
from instrumentation._server.excluded import ExcludedPaths
from instrumentation._server.fastapi_telemetry import (
    RECORD_KEY,
    NativeRequest,
    clear_record,
    record_factory,
)
from instrumentation._server.request import Request, Requests
from instrumentation._spans.context import detach
from instrumentation._support.asgi_types import ASGIApp, Message, Receive, Scope, Send
from instrumentation._support.guard import Guard

SHUTDOWN_MESSAGES: Final = frozenset({"lifespan.shutdown.complete", "lifespan.shutdown.failed"})


class ServiceTelemetry(Protocol):
    """Telemetry of one service."""

    @property
    def engine(self) -> str:
        """Name of the engine that creates server spans."""

    excluded: ExcludedPaths
    entry: Entry
    guard: Guard
    requests: Requests

    def started(self) -> None:
        """Start background work on the running event loop."""

    async def stopped(self) -> None:
        """Flush queued telemetry, because the server may exit afterwards."""


class TelemetryMiddleware:
    """Middleware for any ASGI app.

    Args:
        app: App to wrap.
        telemetry: Telemetry of the service.
    """

    def __init__(self, app: ASGIApp, telemetry: ServiceTelemetry) -> None:
        self.app = app
        self.telemetry = telemetry
        # The engine "fastapi" creates its own records.
        self._make_record = record_factory() if telemetry.engine != "fastapi" else None
        self._begin = self._begin_first
        self._excluded = telemetry.excluded
        self._isolate = telemetry.entry.isolate
        self._open = telemetry.requests.open
        self._metrics_path: ASGIApp | None = None
        self._start_operation = telemetry.guard.operation("request_start")
        self._end_operation = telemetry.guard.operation("request_end")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope.get(TELEMETRY_KEY) is self.telemetry:
            await self._handle_other(scope, receive, send)
            return
        # Path relative to the prefix of the server or proxy.
        path = scope["path"].removeprefix(scope.get("root_path") or "")
        excluded = self._excluded.get(path)
        if excluded is not None:
            target = self._metrics_app(excluded.app) if excluded.app else self.app
            await self._call_unrecorded(target, scope, receive, send)
            return
        record = self._add_record(scope)
        try:
            request = self._begin(scope, send)
        except Exception as error:
            self._start_operation.record_failure(error)
            await self._call_unrecorded(self.app, scope, receive, send)
            return
        scope[TELEMETRY_KEY] = self.telemetry
        if not request.body_size_known:
            receive = request.counted_receive(receive)
        try:
            await self.app(scope, receive, request.send)
        except BaseException as error:
            request.error = error
            raise
        finally:
            try:
                request.finish()
            except Exception as error:
                self._end_operation.record_failure(error)
            if record is not None:
                clear_record(record)

    def _metrics_app(self, page: ASGIApp) -> ASGIApp:
        """Return the app that answers scrapes: *page*, or the service when it has its own page."""
        if self._metrics_path is None:
            from instrumentation._server.metrics_path import MetricsPath

            operation = self.telemetry.guard.operation("metrics_path")
            self._metrics_path = MetricsPath(self.app, page, operation)
        return self._metrics_path

    async def _handle_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._handle_lifespan(scope, receive, send)
            case "websocket" if scope.get(TELEMETRY_KEY) is not self.telemetry:
                await self._handle_websocket(scope, receive, send)
            case _:
                await self.app(scope, receive, send)

    async def _call_unrecorded(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Call *app* without a span and without the context of an earlier request."""
        token = None
        with self._start_operation:
            token = self._isolate(scope)
        scope[UNRECORDED_KEY] = self.telemetry
        self._mark_scope(scope)
        try:
            await app(scope, receive, send)
        finally:
            with self._end_operation:
                if token is not None:
                    detach(token)

    def _mark_scope(self, scope: Scope) -> None:
        scope[TELEMETRY_KEY] = self.telemetry
        if self._make_record is not None and RECORD_KEY not in scope:
            scope[RECORD_KEY] = None

    async def _handle_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        record = self._add_record(scope)
        socket = None
        with self._start_operation:
            socket = self._open(scope, receive, send)
        if socket is None:
            await self._call_unrecorded(self.app, scope, receive, send)
            return
        self._mark_scope(scope)
        try:
            await self.app(scope, socket.receive, socket.send)
        except BaseException as error:
            socket.error = error
            raise
        finally:
            with self._end_operation:
                socket.finish()
            if record is not None:
                clear_record(record)

    def _add_record(self, scope: Scope) -> NativeRequest | None:
        """Add a record to *scope*, which FastAPI fills in, unless it has one."""
        if self._make_record is None or RECORD_KEY in scope:
            return None
        scope[RECORD_KEY] = record = self._make_record(scope.get("root_path") or "")
        return record

    def _begin_first(self, scope: Scope, send: Send) -> Request:
        """Start telemetry with the first request, for servers without lifespan."""
        self._start()
        return self._begin(scope, send)

    def _start(self) -> None:
        self._begin = self.telemetry.requests.begin
        with self._start_operation:
            self.telemetry.started()

    async def _handle_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start telemetry with the app and flush it before the server may exit.

        After SIGTERM a server ends by that signal once the lifespan is over. No exit handler runs,
        so that this is the last chance to flush. An app without lifespan support is replaced.
        """
        self._start()
        receive_called = False

        async def receive_from_server() -> Message:
            nonlocal receive_called
            receive_called = True
            return await receive()

        async def send_after_flush(message: Message) -> None:
            if message["type"] in SHUTDOWN_MESSAGES:
                await self._stop()
            await send(message)

        try:
            await self.app(scope, receive_from_server, send_after_flush)
        except Exception:
            if receive_called:
                raise
        if not receive_called:
            await self._answer_lifespan(receive, send)

    async def _answer_lifespan(self, receive: Receive, send: Send) -> None:
        """Answer for an app without lifespan support. Source: ASGI, "Lifespan"."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop(self) -> None:
        with self._end_operation:
            await self.telemetry.stopped()
