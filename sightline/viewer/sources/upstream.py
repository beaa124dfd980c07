"""HTTP client of one source, with a deadline and a size limit."""

import asyncio
import errno
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp

from sightline.invocation import command

MAX_BYTES: Final = 32 * 1024 * 1024
"""Maximum size of an answer."""

Params = Mapping[str, str] | Sequence[tuple[str, str]]


class SourceError(Exception):
    """A source gave no usable answer; the message names the source, the reason and what to do."""

    def __init__(self, message: str, *, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message
        """Shorter message for small panels."""


class DrawingError(SourceError):
    """The viewer cannot draw the data of a panel; the cause is a fault of the viewer."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            f"the viewer cannot draw this panel: {type(cause).__name__}: {cause}",
            brief="The viewer cannot draw this panel",
        )


DRAWING_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Exceptions of a transformation or drawing that meets values of unexpected types."""


def unexpected_answer(name: str, answer: object) -> SourceError:
    """Return the error of a source *name* whose *answer* has another form than its API."""
    return SourceError(f"unexpected answer of {name}: {answer!r:.120}")


class Upstream:
    """HTTP API below one URL."""

    def __init__(self, name: str, url: str, *, timeout_seconds: float) -> None:
        self.name = name
        self.url = url
        self._timeout_seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, params: Params = ()) -> Any:
        """Return the JSON answered to ``GET path``, with any status.

        Raises:
            SourceError: The answer is late, too long, or not JSON.
        """
        return await self._ask("GET", path, params=list(_pairs(params)))

    async def post(self, path: str, form: Params) -> Any:
        """Return the JSON answered to ``POST path``; raises like `get`."""
        return await self._ask("POST", path, data=list(_pairs(form)))

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, path: str, **what: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                async with self._open().request(method, self.url + path, **what) as response:
                    body = await response.content.read(MAX_BYTES + 1)
                    while len(body) <= MAX_BYTES and not response.content.at_eof():
                        body += await response.content.read(MAX_BYTES + 1 - len(body))
        except TimeoutError:
            raise SourceError(
                f"{self.name} at {self.url} did not answer within {self._timeout_seconds:g} s",
                brief=f"{self.name} is slow",
            ) from None
        except aiohttp.ClientError as error:
            raise SourceError(
                f"{self.name} at {self.url} does not answer ({_reason(error)}). "
                f"Run {command('status')} to see whether it is up.",
                brief=f"{self.name} does not answer",
            ) from error
        return self._parse(body, response.status)

    def _parse(self, body: bytes, status: int) -> Any:
        if len(body) > MAX_BYTES:
            raise SourceError(
                f"{self.name} answered more than {MAX_BYTES >> 20} MiB; select a shorter time range"
            )
        try:
            return json.loads(body)
        except ValueError:
            start = body[:80].decode("utf-8", "replace").strip()
            raise SourceError(
                f"{self.name} at {self.url} answered {status} without JSON: {start!r}"
            ) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


def _pairs(params: Params) -> Sequence[tuple[str, str]]:
    return list(params.items()) if isinstance(params, Mapping) else params


def _reason(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return os.strerror(error.os_error.errno or errno.ECONNREFUSED)
    return str(error) or type(error).__name__
