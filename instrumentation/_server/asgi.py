"""ASGI middleware that records a server span and metrics for each request.

Internal errors never reach the service (see ``_support/guard.py``). Exceptions of the service are
raised unchanged.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from instrumentation._server.entry import TELEMETRY_KEY, UNRECORDED_KEY
from instrumentation._server.fastapi_telemetry import (
    RECORD_KEY,
    clear_record,
    record_factory,
)
from instrumentation._server.route import route_path
from instrumentation._support.opentelemetry_access import detach
from instrumentation._support.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from instrumentation._server.protocols import NativeRequest, ServicePipeline
    from instrumentation._server.request import Request
    from instrumentation._support.asgi_types import ASGIApp, Message, Receive, Scope, Send


_CACHE_SIZE: Final = 1024
"""Bound of the cached matches, because clients choose the paths."""


class ExcludedPath(Record):
    """Path that is not recorded."""

    app: ASGIApp | None
    """App that answers for this path; None: the instrumented app."""


_UNRECORDED: Final = ExcludedPath(app=None)


class ExcludedPaths(dict[str, ExcludedPath]):
    """Excluded paths by path. Requests call only `get`."""


class PatternedExcludedPaths(ExcludedPaths):
    """Excluded paths that include every path with a match of one of *patterns*."""

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__()
        find = re.compile("|".join(patterns)).search
        self._matches = lru_cache(_CACHE_SIZE)(lambda path: find(path) is not None)

    def get(self, path: str, default: ExcludedPath | None = None) -> ExcludedPath | None:  # type: ignore[override]  # narrower
        """Return the entry of *path*."""
        found = super().get(path, default)
        return _UNRECORDED if found is None and self._matches(path) else found


def excluded_paths(patterns: Sequence[str]) -> ExcludedPaths:
    """Return an empty table; without *patterns* its `get` is that of a dictionary."""
    return PatternedExcludedPaths(patterns) if patterns else ExcludedPaths()


SHUTDOWN_MESSAGES: Final = frozenset({"lifespan.shutdown.complete", "lifespan.shutdown.failed"})


class Middleware:
    """Middleware for any ASGI app.

    Args:
        app: App to wrap.
        pipeline: Parts of the service's telemetry.
    """

    def __init__(self, app: ASGIApp, pipeline: ServicePipeline) -> None:
        self.app = app
        self._pipeline = pipeline
        # The engine "fastapi" creates its own records.
        self._make_record = record_factory() if pipeline.engine != "fastapi" else None
        self._begin = self._begin_first
        self._excluded = pipeline.excluded_paths
        self._isolate = pipeline.entry.isolate
        self._open = pipeline.requests.open
        self._metrics_path: ASGIApp | None = None
        self._start_operation = pipeline.guard.operation("request_start")
        self._end_operation = pipeline.guard.operation("request_end")

    def __reduce__(self) -> tuple[Any, ...]:
        return Middleware, (self.app, self._pipeline)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope.get(TELEMETRY_KEY) is self._pipeline:
            await self._handle_other(scope, receive, send)
            return
        path = route_path(scope) if scope.get("root_path") else scope["path"]
        excluded = self._excluded.get(path)
        if excluded is not None:
            target = self._metrics_app(excluded.app) if excluded.app else self.app
            await self._call_unrecorded(target, scope, receive, send)
            return
        record = self._add_record(scope)
        try:
            request = self._begin(scope, receive, send)
        except Exception as error:
            self._start_operation.record_failure(error)
            await self._call_unrecorded(self.app, scope, receive, send)
            return
        scope[TELEMETRY_KEY] = self._pipeline
        try:
            await self.app(scope, request.receive, request.send)
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

            operation = self._pipeline.guard.operation("metrics_path")
            self._metrics_path = MetricsPath(self.app, page, operation)
        return self._metrics_path

    async def _handle_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._handle_lifespan(scope, receive, send)
            case "websocket" if scope.get(TELEMETRY_KEY) is not self._pipeline:
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
        scope[UNRECORDED_KEY] = self._pipeline
        self._mark_scope(scope)
        try:
            await app(scope, receive, send)
        finally:
            with self._end_operation:
                if token is not None:
                    detach(token)

    def _mark_scope(self, scope: Scope) -> None:
        scope[TELEMETRY_KEY] = self._pipeline
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

    def _begin_first(self, scope: Scope, receive: Receive, send: Send) -> Request:
        """Start telemetry with the first request, for servers without lifespan."""
        self._start()
        return self._begin(scope, receive, send)

    def _start(self) -> None:
        self._begin = self._pipeline.requests.begin
        with self._start_operation:
            self._pipeline.start()

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
            await self._pipeline.stop()
