"""Another service over HTTP, and what its caller answers when it fails."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse

from demo_services.tls import Identity

_FIRST_CLIENT_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500


class PeerError(Exception):
    """A call to another service failed; ``status_code`` is what our own caller should see."""

    def __init__(self, status_code: int, detail: object) -> None:
        super().__init__(f"{status_code}: {detail}")
        self.status_code = status_code
        self.detail = detail


class Peer:
    """The JSON API of one service; an async context manager.

    Args:
        name: For messages.
        base_url: With ``https``, our *identity* is shown and the peer's is checked.
        timeout_seconds: Whole call. Shorter than the caller's own, so that the one who waits in
            front hears who was slow.
    """

    def __init__(
        self, name: str, base_url: str, *, identity: Identity | None, timeout_seconds: float
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._identity = identity
        self._timeout_seconds = timeout_seconds

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

    async def get(self, path: str, **params: int) -> Any:  # noqa: ANN401  JSON of a foreign process
        """The JSON at *path*.

        Raises:
            PeerError: As `request` does.
        """
        return await self._request("GET", path, params=params)

    async def send(self, method: str, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401  as get
        """The JSON answer to *body*.

        Raises:
            PeerError: 4xx as the peer said; 502 for its 5xx, 503 when it is gone, 504 when slow.
        """
        return await self._request(method, path, json=body)

    async def _request(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401  as get
        try:
            async with self._session.request(method, path, **options) as answer:
                if answer.status >= _FIRST_SERVER_ERROR:
                    raise PeerError(502, f"{self._name} answered {answer.status}")
                body = await answer.json()
        except TimeoutError as slow:
            raise PeerError(504, f"{self._name} did not answer in time") from slow
        except aiohttp.ClientError as gone:
            raise PeerError(503, f"{self._name} is not available") from gone
        if answer.status >= _FIRST_CLIENT_ERROR:
            raise PeerError(answer.status, body.get("detail"))
        return body


def open_session(
    base_url: str, *, identity: Identity | None, timeout_seconds: float
) -> aiohttp.ClientSession:
    """A session of calls to *base_url* that show *identity*, where there is one."""
    return aiohttp.ClientSession(
        base_url,
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        connector=aiohttp.TCPConnector(ssl=identity.context() if identity else True),
    )


async def answer_peer_error(_: Request, error: Exception) -> JSONResponse:
    """What a `PeerError` looks like to our own caller.

    Raises:
        TypeError: Registered for another exception.
    """
    if not isinstance(error, PeerError):
        raise TypeError(f"{error!r}: expected a PeerError, register this handler for it alone")
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)
