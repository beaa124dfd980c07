"""Middleware of the gateway, as pure ASGI: access log, limit of bodies, limits of requests.

A class of this form costs a request almost nothing. `BaseHTTPMiddleware` starts a task and two
streams for each request, and hides the client's disconnect from the application.
"""

import asyncio
import logging
import math
from collections.abc import Collection, Iterable
from http import HTTPStatus
from time import perf_counter
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_services.auth.caller import current_caller
from demo_services.health import PROBE_PATHS
from demo_services.limits.algorithms import Decision
from demo_services.limits.policy import Limiter, Policy

MAX_BODY_BYTES: Final = 64 * 1024
"""Limit on the body of a request: the largest of the API, an order, has less than 100 bytes."""

_LOG: Final = logging.getLogger(__name__)


class AccessLog:
    """Log line for each request, after its response.

    It names the path's template instead of the path, and no query, which may hold secrets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = perf_counter()
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            _LOG.info(
                "request",
                extra={
                    "method": scope["method"],
                    "route": getattr(scope.get("route"), "path", ""),
                    "status": status or HTTPStatus.INTERNAL_SERVER_ERROR,
                    "duration_seconds": round(perf_counter() - start, 6),
                },
            )


class BodyLimit:
    """Refusal of bodies of more than *max_bytes* with 413, with or without a declared size."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        received = 0
        started = refused = False

        async def receive_within_limit() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received <= self._max_bytes:
                return message
            if not started:
                refused = True
                await self._refuse(scope, receive, send)
            return {"type": "http.disconnect"}

        async def send_unless_refused(message: Message) -> None:
            nonlocal started
            if not refused:
                started = True
                await send(message)

        await self._app(scope, receive_within_limit, send_unless_refused)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = JSONResponse(
            {"detail": f"the body has more than {self._max_bytes} bytes"},
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            {"connection": "close"},
        )
        await answer(scope, receive, send)


class RateLimits:
    """Limits of each client's requests. A request counts for every policy that applies.

    Requests with a token count for its subject, others for their address.

    The response has the headers of the policy with the fewest remaining requests. Source of their
    names: draft-ietf-httpapi-ratelimit-headers-06. A rejected request gets 429 and ``Retry-After``.

    Args:
        limits: Policies with their limiters, read for each request. The first that rejects it
            ends the check.
        exempt: Paths of probes and scrapes, which must work under any load.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Iterable[tuple[Policy, Limiter]],
        exempt: Collection[str] = PROBE_PATHS,
    ) -> None:
        self._app = app
        self._limits = limits
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or reject one request."""
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        key = current_caller().subject or (scope["client"][0] if scope["client"] else "")
        closest: tuple[Policy, Decision] | None = None
        delay = 0.0
        for policy, limiter in self._limits:
            if not policy.applies(scope["method"], scope["path"]):
                continue
            decision = await limiter.take(key)
            if not decision.allowed:
                await _rejection(policy, decision)(scope, receive, send)
                return
            delay = max(delay, decision.delay_seconds)
            if closest is None or decision.remaining < closest[1].remaining:
                closest = policy, decision
        if delay:
            await asyncio.sleep(delay)
        await self._app(scope, receive, _with_headers(send, closest) if closest else send)


def _rejection(policy: Policy, decision: Decision) -> JSONResponse:
    retry_seconds = max(1, math.ceil(decision.retry_seconds))
    return JSONResponse(
        {"detail": f"more requests than {policy.name} allows; retry in {retry_seconds} s"},
        HTTPStatus.TOO_MANY_REQUESTS,
        {**_headers(policy, decision), "retry-after": str(retry_seconds)},
    )


def _with_headers(send: Send, closest: tuple[Policy, Decision]) -> Send:

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_headers(*closest))
        await send(message)

    return send_with_headers


def _headers(policy: Policy, decision: Decision) -> dict[str, str]:
    return {
        "ratelimit-limit": f"{policy.quota.burst}",
        "ratelimit-remaining": f"{decision.remaining}",
        "ratelimit-reset": f"{math.ceil(decision.reset_seconds)}",
        "ratelimit-policy": f"{policy.quota.burst};w={math.ceil(policy.quota.window_seconds)}",
    }
