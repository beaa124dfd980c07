"""Limiter with the state of each key in this process."""

from time import monotonic
from typing import Final

from demo_services.limits.algorithms import Algorithm, Decision, Factory, Quota
from demo_services.recent import Recent

MAX_KEYS: Final = 10_000
"""Limit on kept keys, so that a client with many addresses does not fill the memory."""


class LocalLimiter:
    """Limiter of each key's requests. A key beyond `MAX_KEYS` replaces the least recently used."""

    def __init__(self, algorithm: Factory, quota: Quota) -> None:
        self._algorithm = algorithm
        self._quota = quota
        self._states = Recent[str, Algorithm](MAX_KEYS)

    def use(self, quota: Quota) -> None:
        """Apply another *quota*. Each key begins with the whole of it."""
        self._quota = quota
        self._states = Recent[str, Algorithm](MAX_KEYS)

    async def take(self, key: str) -> Decision:
        """Decide on a request of *key* now."""
        return self.take_at(key, monotonic())

    async def aclose(self) -> None:
        """Do nothing, because the states need no connection."""

    def take_at(self, key: str, now: float) -> Decision:
        """Decide on a request of *key* at *now*, in seconds of the monotonic clock."""
        state = self._states.get(key) or self._algorithm(self._quota, now)
        self._states.store(key, state)
        return state.take(now)
