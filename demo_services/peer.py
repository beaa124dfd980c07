"""HTTP client for another service, and the response to a failed call."""

import time
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Self

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse
from yarl import URL

from demo_services.auth.caller import authorization_headers
from demo_services.registry.balancer import Balancer
from demo_services.resilience.retry import Retry
from demo_services.tls import Identity
from instrumentation import resend_count, url_template

MAX_RETRY_AFTER_SECONDS: Final = 60
"""Limit on a peer's ``Retry-After`` that is forwarded."""

CONNECT_TIMEOUT_SECONDS: Final = 0.5
"""Time for a connection. A removed container does not refuse one, it is silent."""

_NOT_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Errors before the request was sent."""
_FIRST_CLIENT_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500


class PeerError(Exception):
    """Failed call to another service. ``status_code`` is the status code to respond with.

    Args:
        retry_after_seconds: Sent as ``Retry-After``, 0 for none.
    """

    def __init__(self, status_code: int, detail: object, *, retry_after_seconds: int = 0) -> None:
        super().__init__(f"{status_code}: {detail}")
        self.status_code = status_code
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds


class Peer:
    """Client of one service's JSON API, as an async context manager.

    Args:
        name: Name of the service in error messages.
        instances: Base URLs. With ``https``, *identity* authenticates the caller and verifies the
            peer.
        timeout_seconds: Timeout of the whole call. It is shorter than the timeout of the caller,
            so that the caller receives an error that names the slow service. The attribute may
            change, for the next call.
    """

    def __init__(
        self, name: str, instances: Balancer, *, identity: Identity | None, timeout_seconds: float
    ) -> None:
        self._name = name
        self._instances = instances
        self._identity = identity
        self.timeout_seconds = timeout_seconds
        self._retry = Retry()

    async def __aenter__(self) -> Self:
        self._session = open_session(
            None, identity=self._identity, timeout_seconds=self.timeout_seconds
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, template: str, **values: int) -> Any:
        """Return the JSON at *template*, like ``/users/{user_id}``.

        Args:
            template: Path with names of *values*, which also names the span of the call.
            values: Those that *template* does not name are the query.

        Raises:
            PeerError: As for `send`.
        """
        query = {name: value for name, value in values.items() if f"{{{name}}}" not in template}
        return await self._request("GET", template, values, params=query)

    async def send(
        self, method: str, template: str, body: Mapping[str, object], **values: int
    ) -> Any:
        """Send *body* and return the JSON of the response; *template* and *values* as for `get`.

        Raises:
            PeerError: The peer's 4xx, 502 for its 5xx, 503 without connection and if the peer is
                busy, 504 on timeout.
        """
        return await self._request(method, template, values, json=body)

    async def _request(
        self, method: str, template: str, values: Mapping[str, int], **options: Any
    ) -> Any:
        path = template.format_map(values)
        tried: list[str] = []
        end = time.monotonic() + self.timeout_seconds
        options["headers"] = authorization_headers()
        self._retry.earn()
        with url_template(template):
            while True:
                options["timeout"] = _timeout(self._identity, max(end - time.monotonic(), 0.001))
                with self._instances.call(without=tried) as base_url, resend_count(len(tried)):
                    try:
                        return await self._ask(method, f"{base_url}{path}", **options)
                    except (TimeoutError, aiohttp.ClientError) as error:
                        self._instances.record_failure(base_url)
                        tried.append(base_url)
                        if not self._may_repeat(method, error, tried):
                            raise self._peer_error(error) from error

    def _may_repeat(self, method: str, error: Exception, tried: Sequence[str]) -> bool:
        """Return true if the call may be sent again: another instance is left, or it only reads."""
        if isinstance(error, _NOT_SENT) and not set(self._instances.addresses) <= set(tried):
            return True
        return self._retry.allows(method, error, attempts=len(tried))

    def _peer_error(self, error: Exception) -> PeerError:
        if isinstance(error, TimeoutError) and not isinstance(error, _NOT_SENT):
            return PeerError(504, f"{self._name} did not answer in time")
        return PeerError(503, f"{self._name} is not available")

    async def _ask(self, method: str, url: str, **options: Any) -> Any:
        async with self._session.request(method, url, **options) as answer:
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                self._refuse_if_busy(answer.headers.get("Retry-After", ""))
            if answer.status >= _FIRST_SERVER_ERROR:
                raise PeerError(502, f"{self._name} answered {answer.status}")
            body = await answer.json()
        if answer.status >= _FIRST_CLIENT_ERROR:
            raise PeerError(answer.status, body.get("detail"))
        return body

    async def forward(
        self, request: Request, path: str, headers: Collection[str]
    ) -> tuple[int, bytes, dict[str, str]]:
        """Send *request* to *path* as it is, and return status code, body and headers.

        Args:
            request: Its query and body are forwarded.
            path: Path at the peer.
            headers: Names of the headers that are forwarded, in lower case.

        Raises:
            PeerError: As for `send`, but the peer's own errors are returned.
        """
        given = {name: request.headers[name] for name in headers if name in request.headers}
        body = await request.body()
        with url_template(path), self._instances.call() as base_url:
            url = URL(f"{base_url}{path}?{request.url.query}".rstrip("?"), encoded=True)
            try:
                async with self._session.request(
                    request.method, url, data=body, headers=given, allow_redirects=False
                ) as answer:
                    return answer.status, await answer.read(), dict(answer.headers)
            except (TimeoutError, aiohttp.ClientError) as error:
                self._instances.record_failure(base_url)
                raise self._peer_error(error) from error

    def _refuse_if_busy(self, retry_after: str) -> None:
        """Report that the peer is up and busy. Without a number of seconds, it is an error."""
        if retry_after.isdecimal():
            seconds = min(int(retry_after), MAX_RETRY_AFTER_SECONDS)
            raise PeerError(503, f"{self._name} is busy", retry_after_seconds=seconds)


def open_session(
    base_url: str | None, *, identity: Identity | None, timeout_seconds: float
) -> aiohttp.ClientSession:
    """Return a client session that authenticates with *identity*, for *base_url* or any URL."""
    return aiohttp.ClientSession(
        base_url,
        timeout=_timeout(identity, timeout_seconds),
        connector=aiohttp.TCPConnector(ssl=identity.context() if identity else True),
    )


def _timeout(identity: Identity | None, seconds: float) -> aiohttp.ClientTimeout:
    # A handshake of TLS needs the event loop of the peer, which may be busy.
    connect = None if identity else CONNECT_TIMEOUT_SECONDS
    return aiohttp.ClientTimeout(total=seconds, sock_connect=connect)


async def answer_peer_error(_: Request, error: Exception) -> JSONResponse:
    """Return the response to a request that failed with a `PeerError`.

    Raises:
        TypeError: The handler is registered for another exception.
    """
    if not isinstance(error, PeerError):
        raise TypeError(f"{error!r}: expected a PeerError; register this handler for it alone")
    seconds = error.retry_after_seconds
    headers = {"Retry-After": str(seconds)} if seconds else {}
    if error.status_code == HTTPStatus.UNAUTHORIZED:  # an answer without it is against RFC 9110
        headers["WWW-Authenticate"] = 'Bearer realm="shop", error="invalid_token"'
    return JSONResponse({"detail": error.detail}, status_code=error.status_code, headers=headers)
