"""The path of the metrics page in an app that may serve metrics there already.

What the app serves there stays. It is found by the app's own matching of routes, or by its answer:
a catch-all route, static files or a middleware may serve anything.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from instrumentation._otlp.outcome import SERVER_ERROR
from instrumentation._scrape.exposition import Exposition
from instrumentation._server.route import Routes
from instrumentation._support.asgi_types import ASGIApp, Message, Receive, Scope, Send
from instrumentation._support.guard import LOGGER, Operation

READING: Final = frozenset({"GET", "HEAD"})

FULL_MATCH: Final = 2
"""Of Starlette's ``Match``: path and method."""

NO_PAGE: Final = "no-such-page-sightline-asks"
"""Last segment of a path that only a catch-all route matches."""

EXPOSED_AS: Final = re.compile(rb"version=|openmetrics|prometheus")
"""In the content type of a page of metrics."""

SAMPLE: Final = re.compile(rb"\s*(# (HELP|TYPE) |[a-zA-Z_:][\w:]*(\{[^\n]*\})? [-+\d.NI])")
"""Start of a page of metrics as plain text."""

OK: Final = 200

NOT_SERVED: Final = frozenset({404, 405})
"""No such page, or not for GET."""


class MetricsPath:
    """An ASGI app that lets *app* answer where it serves metrics itself, and *page* elsewhere.

    It is settled by the first GET whose answer tells, for as long as the process runs.

    Args:
        app: The app that is watched.
        page: Sightline's page.
        finding: Failures of the search are counted here.
    """

    def __init__(self, app: ASGIApp, page: ASGIApp, finding: Operation) -> None:
        self._app = app
        self._page = page
        self._finding = finding
        self._settled: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a scrape; other methods are the app's."""
        if scope["method"] not in READING:
            await self._app(scope, receive, send)
            return
        if self._settled is None:
            self._look_for_route(scope)
        if self._settled is not None:
            await self._settled(scope, receive, send)
        elif scope["method"] == "HEAD" or not await self._answered(scope, receive, send):
            await self._page(scope, receive, send)

    def _look_for_route(self, scope: Scope) -> None:
        route = None
        with self._finding:
            route = _route_of(scope.get("app") or self._app, scope)
        if route is not None:
            mounted = getattr(route, "app", None)
            self._leave_to_app(scope, warned=not isinstance(mounted, Exposition))

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Ask the app, and pass its answer on when it is a page of metrics."""
        offered = {**scope, "extensions": {}}  # so that the answer comes as bytes, not as a file
        answer = _Answer(offered, receive, send)
        with suppress(Exception):  # of a handler that was never meant to be asked
            await self._app(offered, answer.receive, answer.send)
        if answer.exposes:
            self._leave_to_app(scope, warned=True)
        elif answer.tells:
            self._settled = self._page
        return bool(answer.exposes)

    def _leave_to_app(self, scope: Scope, *, warned: bool) -> None:
        self._settled = self._app
        if warned:
            LOGGER.warning(
                "the app serves %s itself, so Sightline's page of metrics is not served there; "
                "name another path in instrument(app, metrics_path=…), or serve both on one page: "
                "docs/how-to/another-metrics-port.md",
                scope["path"],
            )


class _Answer:
    """An app's answer, held back until its first bytes show what it is."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._path = scope["path"].removeprefix(scope.get("root_path") or "")
        self._receive = receive
        self._send = send
        self._start: Message = {}
        self.exposes: bool | None = None
        """Whether it is a page of metrics; None: not known yet."""

    @property
    def tells(self) -> bool:
        """Whether another scrape would be answered alike, as after an error it need not."""
        status: int = self._start.get("status", 0)
        return 0 < status < SERVER_ERROR

    async def receive(self) -> Message:
        """Return the client's message, or that it left once the answer is not for it."""
        return {"type": "http.disconnect"} if self.exposes is False else await self._receive()

    async def send(self, message: Message) -> None:
        """Pass *message* on when it is part of a page of metrics."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self.exposes is None:
            self.exposes = self._is_metrics(message.get("body", b""))
            if self.exposes:
                await self._send(self._start)
        if self.exposes:
            await self._send(message)
        elif message.get("more_body"):
            # Ends a stream. Source: ASGI, "Disconnected client".
            raise OSError("the answer is not needed")

    def _is_metrics(self, body: bytes) -> bool:
        status: int = self._start.get("status", 0)
        if status in NOT_SERVED:
            return False
        if Routes().of(self._scope) == self._path:
            return True
        headers = {name.lower(): value for name, value in self._start.get("headers", ())}
        exposed = EXPOSED_AS.search(headers.get(b"content-type", b"").lower())
        return status == OK and bool(exposed or SAMPLE.match(body))


def _route_of(app: object, scope: Scope) -> object | None:
    """Return the route of *app* that stands for the path of *scope* alone, if there is one."""
    routes = getattr(app, "routes", None) or ()
    asked = {**scope, "method": "GET"}
    found = _only_for(asked, routes)
    if found is None and getattr(getattr(app, "router", None), "redirect_slashes", False):
        found = _only_for({**asked, "path": f"{asked['path']}/"}, routes)
    return found


def _only_for(scope: Scope, routes: Iterable[Any]) -> object | None:
    """Return the first route that matches *scope*, unless it matches any other path as well."""
    head, slash, tail = scope["path"].rpartition("/")
    if not tail:
        head = head.rpartition("/")[0]
    other = {**scope, "path": f"{head}/{NO_PAGE}{'' if tail else slash}"}
    for route in routes:
        match, child_scope = route.matches(dict(scope))
        if match.value == FULL_MATCH:
            if route.matches(dict(other))[0].value != FULL_MATCH:
                return route  # type: ignore[no-any-return]  # Starlette's
            return _only_for({**scope, **child_scope}, getattr(route, "routes", None) or ())
    return None
