"""Token bucket that all instances of a service share through Redis or Valkey."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from demo_services.limits.algorithms import Decision, Quota, TokenBucket
from demo_services.limits.local import LocalLimiter

DEADLINE_SECONDS: Final = 0.05
"""Limit on the wait for a decision. It delays every request while the server does not answer."""
RETRY_SECONDS: Final = 1.0
"""Time without calls to the server after one that failed."""

_CONNECTIONS: Final = 16
_SCRIPT: Final = Path(__file__).with_name("token_bucket.lua").read_text(encoding="utf-8")
_MICROSECONDS: Final = 1_000_000
_THOUSANDTHS: Final = 1000


class SharedTokenBucket:
    """Limiter whose buckets are in Redis, with a bucket per key in this process in front.

    A request that the local bucket rejects is beyond the quota wherever the others are, so Redis is
    not asked. While Redis does not answer, the local bucket decides alone: the quota then holds for
    each instance instead of for all.

    Args:
        prefix: Prefix of the keys, like the name of the policy.
        on_fallback: Called for each decision that Redis should have made.
    """

    def __init__(
        self, url: str, quota: Quota, *, prefix: str, on_fallback: Callable[[], None]
    ) -> None:
        self._prefix = prefix
        self._arguments = _arguments(quota)
        self._on_fallback = on_fallback
        self._local = LocalLimiter(TokenBucket, quota)
        # The pool serves waiting tasks in any order, so that some starve. A semaphore is fair.
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        pool = BlockingConnectionPool.from_url(url, max_connections=_CONNECTIONS)
        self._redis = Redis(connection_pool=pool)
        self._script = self._redis.register_script(_SCRIPT)
        self._away_until = 0.0

    def use(self, quota: Quota) -> None:
        """Apply another *quota*. The buckets in Redis stay; the script limits them to the burst."""
        self._arguments = _arguments(quota)
        self._local.use(quota)

    async def take(self, key: str) -> Decision:
        """Decide on a request of *key* now."""
        now = monotonic()
        local = self._local.take_at(key, now)
        if not local.allowed:
            return local
        if now >= self._away_until:
            try:
                return await self._ask(key)
            except (RedisError, OSError, TimeoutError):
                self._away_until = monotonic() + RETRY_SECONDS
        self._on_fallback()
        return local

    async def _ask(self, key: str) -> Decision:
        async with asyncio.timeout(DEADLINE_SECONDS), self._turns:
            allowed, remaining, retry, reset, _ = await self._script(
                keys=[f"{self._prefix}:{{{key}}}"], args=self._arguments
            )
        return Decision(
            allowed=bool(allowed),
            remaining=remaining,
            reset_seconds=reset / _MICROSECONDS,
            retry_seconds=retry / _MICROSECONDS,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)


def _arguments(quota: Quota) -> tuple[int, int]:
    """Return the arguments of the script."""
    return round(quota.per_second * _THOUSANDTHS), quota.burst
