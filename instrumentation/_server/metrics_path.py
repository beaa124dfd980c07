"""Path of the metrics page in an app that may already serve metrics there.

The app's own page has precedence. It is detected by the app's routes, or else by its response,
because a catch-all route, static files or middleware may serve the path.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import NonRecordingSpan, SpanContext, use_span

from instrumentation._otlp.attribute_group import SERVER_ERROR
from instrumentation._scrape.page import Exposition
from instrumentation._server.route import Routes, route_path
from instrumentation._support.event_loop import time_limit
from instrumentation._support.guard import LOGGER, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from instrumentation._support.asgi_types import ASGIApp, Message, Receive, Scope, Send

SCRAPE_METHODS: Final = frozenset({"GET", "HEAD"})

FULL_MATCH: Final = 2
"""Value of Starlette's ``Match.FULL``: path and method match."""

PROBE_SEGMENT: Final = "no-such-page-sightline-asks"
"""Last segment of a path that no route matches except a catch-all."""

METRICS_CONTENT_TYPE: Final = re.compile(rb"text/plain; ?version=[01]\.|openmetrics|prometheus")
"""Pattern in the content type of a metrics page."""

LINE: Final = re.compile(
    rb"#.*|\s*|[a-zA-Z_:][\w:]*(\{.*\})? ([-+]?[\d.]+(e[-+]?\d+)?|[-+]?inf|nan)( .*)?",
    re.IGNORECASE,
)
"""Line of a metrics page in a text format. Source: Prometheus, "Exposition formats"."""

UNMISTAKABLE: Final = re.compile(rb"^# (HELP|TYPE) [a-zA-Z_:]|^[a-zA-Z_:][\w:]*\{", re.MULTILINE)
"""Line that other text does not have: ``version 1.2`` alone may be anything."""

PROTOBUF: Final = b"application/vnd.google.protobuf"

MAX_SECONDS: Final = 2.0
"""Time for the app's response to an offered scrape: a catch-all route may wait for events."""

MAX_FAILURES: Final = 3
"""Offered scrapes without a response or with a server error, until the app is not asked again."""

OK: Final = 200
BAD_REQUEST: Final = 400

NOT_FOUND: Final = 404
NOT_SERVED_STATUSES: Final = frozenset({NOT_FOUND, 405})
"""Status codes of a missing page or of an unsupported GET."""


UNSAMPLED: Final = NonRecordingSpan(SpanContext(1, 1, is_remote=False))
"""Parent of the spans of other telemetry in the app: a scrape is not traced."""


class MetricsPath:
    """ASGI app that forwards to *app* if it serves metrics itself, and otherwise to *page*.

    The first GET with a conclusive response decides, until the process exits.

    Args:
        app: Instrumented app.
        page: Sightline's metrics page.
        operation: Counts internal errors.
    """

    def __init__(self, app: ASGIApp, page: ASGIApp, operation: Operation) -> None:
        self._app = app
        self._page = page
        self._operation = operation
        self._failures = 0
        self._decision: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a scrape; offer another method to the app, and refuse it if it has no route."""
        if self._decision is None:
            self._find_in_routes(scope)
        if scope["method"] not in SCRAPE_METHODS and self._decision is not self._app:
            await self._handle_other_method(scope, receive, send)
        elif self._decision is not None:
            await self._decision(scope, receive, send)
        elif scope["method"] == "HEAD" or not await self._try_app(scope, receive, send):
            await self._page(scope, receive, send)

    async def _handle_other_method(self, scope: Scope, receive: Receive, send: Send) -> None:
        missing = False

        async def send_found(message: Message) -> None:
            nonlocal missing
            if message["type"] == "http.response.start" and message["status"] == NOT_FOUND:
                missing = True
            if not missing:
                await send(message)

        await self._app(scope, receive, send_found)
        if missing:  # of the two, the page knows the path and has methods to allow
            await self._page(scope, receive, send)

    def _find_in_routes(self, scope: Scope) -> None:
        route = None
        with self._operation:
            route = _find_route(scope.get("app") or self._app, scope)
        if route is not None:
            mounted = getattr(route, "app", None)
            self._decide_for_app(scope, warn=not isinstance(mounted, Exposition))

    async def _try_app(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Call the app and forward its response if it is a metrics page; return true if it was."""
        app_scope = {**scope, "extensions": {}}  # so that the body is sent as bytes, not as a file
        response = _Response(app_scope, receive, send)
        with (
            use_span(UNSAMPLED, record_exception=False, set_status_on_exception=False),
            suppress(Exception),  # raised by a handler that does not expect this path
        ):
            async with time_limit(MAX_SECONDS) as remove_limit:
                response.remove_limit = remove_limit
                await self._app(app_scope, response.receive, response.send)
        if response.is_metrics_page:
            self._decide_for_app(scope, warn=True)
        else:
            self._failures += response.is_failure
            if response.is_conclusive or self._failures >= MAX_FAILURES:
                self._decision = self._page
        return bool(response.is_metrics_page)

    def _decide_for_app(self, scope: Scope, *, warn: bool) -> None:
        self._decision = self._app
        if warn:
            LOGGER.warning(
                "the app serves %s itself, so Sightline's metrics page is not served there; "
                "set another path with instrument(app, metrics_path=…), or serve both on one page: "
                "docs/how-to/another-metrics-port.md",
                scope["path"],
            )


class _Response:
    """Response of an app, buffered until its first bytes are known."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._path = route_path(scope)
        self._receive = receive
        self._send = send
        self._start: Message = {}
        self._has_body = False
        self.is_metrics_page: bool | None = None
        """True for a metrics page, false for another response, None before the first bytes."""

        self.remove_limit: Callable[[], None] = lambda: None
        """Removes the limit of the time until it is known; a metrics page may take longer."""

    @property
    def is_failure(self) -> bool:
        """True without a response, or with a server error."""
        return not 0 < self._start.get("status", 0) < SERVER_ERROR

    @property
    def is_conclusive(self) -> bool:
        """True when later responses will be of the same kind.

        A refusal, like 401 or 429, is none: the next scrape may bring a token.
        """
        status: int = self._start.get("status", 0)
        return status in NOT_SERVED_STATUSES or (self._has_body and status < BAD_REQUEST)

    async def receive(self) -> Message:
        """Return the client's message, or a disconnect for a response that is no metrics page."""
        return (
            {"type": "http.disconnect"} if self.is_metrics_page is False else await self._receive()
        )

    async def send(self, message: Message) -> None:
        """Forward *message* if it is part of a metrics page."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self.is_metrics_page is None:
            body = message.get("body", b"")
            self._has_body = bool(body)
            self.is_metrics_page = self._has_metrics(body)
            if self.is_metrics_page:
                self.remove_limit()
                await self._send(self._start)
        if self.is_metrics_page:
            await self._send(message)
        elif message.get("more_body"):
            # Stops a streaming response. Source: ASGI, "Disconnected client".
            raise OSError("the response is not a metrics page")

    def _has_metrics(self, body: bytes) -> bool:
        status: int = self._start.get("status", 0)
        if status in NOT_SERVED_STATUSES:
            return False
        if Routes().route_of(self._scope, status) == self._path:
            return True
        headers = {name.lower(): value for name, value in self._start.get("headers", ())}
        content_type = headers.get(b"content-type", b"").lower()
        if status != OK or not body:
            return False
        if content_type.startswith(PROTOBUF):
            return True
        known = METRICS_CONTENT_TYPE.search(content_type) or UNMISTAKABLE.search(body)
        *complete, last = body.split(b"\n")
        return bool(known) and all(LINE.fullmatch(line) for line in complete or [last])


def _find_route(app: object, scope: Scope) -> object | None:
    """Return the route of *app* that matches only the path of *scope*; None without one."""
    routes = getattr(app, "routes", None) or ()
    get_scope = {**scope, "method": "GET"}
    found = _exact_route(get_scope, routes)
    if found is None and getattr(getattr(app, "router", None), "redirect_slashes", False):
        path = get_scope["path"]
        other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
        found = _exact_route({**get_scope, "path": other}, routes)
    return found


def _exact_route(scope: Scope, routes: Iterable[Any]) -> object | None:
    """Return the first route that matches *scope*; None if it also matches other paths."""
    head, slash, tail = scope["path"].rpartition("/")
    if not tail:
        head = head.rpartition("/")[0]
    other = {**scope, "path": f"{head}/{PROBE_SEGMENT}{'' if tail else slash}"}
    for route in routes:
        match, child_scope = route.matches(dict(scope))
        if match.value == FULL_MATCH:
            if route.matches(dict(other))[0].value != FULL_MATCH:
                return route  # type: ignore[no-any-return]  # Starlette's
            return _exact_route({**scope, **child_scope}, getattr(route, "routes", None) or ())
    return None
