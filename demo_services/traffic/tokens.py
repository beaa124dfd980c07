"""Access token of the generator, fetched as any client does: by its credentials, and in time."""

import asyncio
import logging
from typing import Any, Final

import aiohttp

from demo_services.auth.clients import TRAFFIC_CLIENT

PATH: Final = "/oauth/token"
RENEW_AT_RATIO: Final = 0.8
"""Share of the lifetime after which a token is renewed."""
RETRY_SECONDS: Final = 1.0
"""Pause after a failed attempt. Meanwhile, requests are sent without a token."""
MALFORMED: Final = "malformed"
GRACE_SECONDS: Final = 30.0
"""Time after which every service refuses an expired token, more than their clocks differ."""

_LOG: Final = logging.getLogger(__name__)


class Tokens:
    """Current access token. Of concurrent requests, the first fetches a new one for all."""

    def __init__(self, session: aiohttp.ClientSession, secret: str) -> None:
        self._session = session
        self._credentials = aiohttp.BasicAuth(TRAFFIC_CLIENT, secret)
        self._fetching = asyncio.Lock()
        self._token = self._previous = ""
        self._expires_at = self._previous_expires_at = 0.0
        self._renew_at = self._retry_at = 0.0

    async def current(self) -> str:
        """Return a valid token, or an empty text while none can be fetched."""
        if _now() >= self._renew_at:
            async with self._fetching:
                if _now() >= max(self._renew_at, self._retry_at):
                    await self._fetch()
        return self._token if _now() < self._expires_at else ""

    def stale(self) -> str:
        """Return a token that every service refuses: the previous one once it has expired."""
        expired = self._previous and _now() > self._previous_expires_at + GRACE_SECONDS
        return self._previous if expired else MALFORMED

    def reject(self, token: str) -> None:
        """Fetch a new token for the next request, because *token* was refused."""
        if token == self._token:
            self._renew_at = self._expires_at = 0.0

    async def _fetch(self) -> None:
        try:
            form = {"grant_type": "client_credentials"}
            async with self._session.post(PATH, data=form, auth=self._credentials) as answer:
                answer.raise_for_status()
                self._keep(await answer.json())
        except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError) as error:
            self._retry_at = _now() + RETRY_SECONDS
            _LOG.warning("no token: %s; requests that need one are refused", type(error).__name__)

    def _keep(self, answer: dict[str, Any]) -> None:
        lifetime = float(answer["expires_in"])
        self._previous, self._previous_expires_at = self._token, self._expires_at
        self._token = str(answer["access_token"])
        self._expires_at = _now() + lifetime
        self._renew_at = _now() + lifetime * RENEW_AT_RATIO


def _now() -> float:
    return asyncio.get_running_loop().time()
