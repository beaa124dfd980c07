"""Key set: keys that verify tokens, kept while users is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Final, Self

from prometheus_client import CollectorRegistry

from demo_services.auth import refusal
from demo_services.auth.keys import KeysError, PublicKey, PublicKeys
from demo_services.auth.refusal import RefusedError
from demo_services.events.backoff import pause_seconds
from demo_services.metrics import counter
from instrumentation.service_metrics import AUTHENTICATION_KEY_SET_REFRESHES

REFRESH_SECONDS: Final = 60.0
"""Interval of refreshes. Users publishes a key for longer than this before it signs with it."""
COOLDOWN_SECONDS: Final = 2.0
"""Time between two refreshes for unknown ids, which anyone can invent."""
TIMEOUT_SECONDS: Final = 1.0

Load = Callable[[], Awaitable[PublicKeys]]
"""Reads all keys. Raises `KeysError`."""

_LOG: Final = logging.getLogger(__name__)


class KeySet:
    """Keys by id, as an async context manager that refreshes them in the background."""

    def __init__(self, load: Load, registry: CollectorRegistry) -> None:
        self._load = load
        self._keys: PublicKeys = {}
        self._next_refresh = 0.0
        self._failed_refreshes = 0
        self._refreshing: asyncio.Task[bool] | None = None
        refreshes = counter(AUTHENTICATION_KEY_SET_REFRESHES, registry)
        self._successes, self._failures = map(refreshes.labels, ("success", "failure"))

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._keep_current(), context=Context())
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [task for task in (self._running, self._refreshing) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def find(self, key_id: str) -> PublicKey:
        """Return a key. For an unknown id, refresh the keys unless that was done just now.

        Raises:
            RefusedError: The key is unknown, or users was never reached.
        """
        if key_id not in self._keys and _now() >= self._next_refresh:
            await self.refresh()
        if not self._keys:
            raise RefusedError(refusal.UNAVAILABLE)
        if key_id not in self._keys:
            raise RefusedError(refusal.UNKNOWN_KEY)
        return self._keys[key_id]

    async def refresh(self) -> bool:
        """Read the keys again, once for all who wait, and return true if that succeeded."""
        if self._refreshing is None:
            # A task of its own: the request is not the cause, so its trace does not have the call.
            self._refreshing = asyncio.create_task(self._read(), context=Context())
        return await asyncio.shield(self._refreshing)

    async def _read(self) -> bool:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                self._keys = await self._load()
        except (KeysError, TimeoutError) as error:
            self._failures.inc()
            reason = str(error) or "no answer in time"
            if not self._failed_refreshes:
                _LOG.warning(
                    "the keys of tokens are not refreshed, known ones are kept: %s", reason
                )
            self._failed_refreshes += 1
            return False
        else:
            self._successes.inc()
            self._failed_refreshes = 0
            return True
        finally:
            self._next_refresh = _now() + COOLDOWN_SECONDS
            self._refreshing = None

    async def _keep_current(self) -> None:
        while True:
            refreshed = await self.refresh()
            pause = REFRESH_SECONDS if refreshed else pause_seconds(self._failed_refreshes)
            await asyncio.sleep(pause)


def _now() -> float:
    return asyncio.get_running_loop().time()
