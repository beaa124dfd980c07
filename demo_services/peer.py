"""HTTP client for another service, and the response to a failed call."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse

from demo_services.resilience.retry import Retry
from demo_services.tls import Identity
from instrumentation import url_template

MAX_RETRY_AFTER_SECONDS: Final = 60
"""Limit on a peer's ``Retry-After`` that is forwarded."""

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
        base_url: With ``https``, *identity* authenticates the caller and verifies the peer.
        timeout_seconds: Timeout of the whole call. It is shorter than the timeout of the caller,
            so that the caller receives an error that names the slow service.
    """

    def __init__(
        self, name: str, base_url: str, *, identity: Identity | None, timeout_seconds: float
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._identity = identity
        self._timeout_seconds = timeout_seconds
        self._retry = Retry(timeout_seconds)

    async def __aenter__(self) -> Self:
        self._session = open_session(
            self._base_url, identity=self._identity, timeout_seconds=self._timeout_seconds
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
        try:
            with url_template(template):
                request = partial(self._session.request, method, path, **options)
                answer = await self._retry.send(method, request)
            async with answer:
                if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                    self._refuse_if_busy(answer.headers.get("Retry-After", ""))
                if answer.status >= _FIRST_SERVER_ERROR:
                    raise PeerError(502, f"{self._name} answered {answer.status}")
                body = await answer.json()
        except TimeoutError as error:
            raise PeerError(504, f"{self._name} did not answer in time") from error
        except aiohttp.ClientError as error:
            raise PeerError(503, f"{self._name} is not available") from error
        if answer.status >= _FIRST_CLIENT_ERROR:
            raise PeerError(answer.status, body.get("detail"))
        return body

    def _refuse_if_busy(self, retry_after: str) -> None:
        """Report that the peer is up and busy. Without a number of seconds, it is an error."""
        if retry_after.isdecimal():
            seconds = min(int(retry_after), MAX_RETRY_AFTER_SECONDS)
            raise PeerError(503, f"{self._name} is busy", retry_after_seconds=seconds)


def open_session(
    base_url: str, *, identity: Identity | None, timeout_seconds: float
) -> aiohttp.ClientSession:
    """Return a client session for *base_url* that authenticates with *identity*."""
    return aiohttp.ClientSession(
        base_url,
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        connector=aiohttp.TCPConnector(ssl=identity.context() if identity else True),
    )


async def answer_peer_error(_: Request, error: Exception) -> JSONResponse:
    """Return the response to a request that failed with a `PeerError`.

    Raises:
        TypeError: The handler is registered for another exception.
    """
    if not isinstance(error, PeerError):
        raise TypeError(f"{error!r}: expected a PeerError; register this handler for it alone")
    seconds = error.retry_after_seconds
    headers = {"Retry-After": str(seconds)} if seconds else {}
    return JSONResponse({"detail": error.detail}, status_code=error.status_code, headers=headers)
