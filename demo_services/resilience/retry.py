"""One retry of a call that did not reach the other service, within a budget.

A retry helps against a connection that broke, and harms a service that is overloaded: so a timeout
is not retried, and an outage does not multiply the calls.

Source: Google, "Site Reliability Engineering", chapter 22, "Retries".
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import aiohttp

from instrumentation import resend_count

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""Methods whose requests may be sent twice. Source: RFC 9110, section 9.2.1."""

CALLS_PER_RETRY: Final = 10
MAX_SAVED_RETRIES: Final = 3
"""Limit on the retries that calls without an error save up for a later burst."""

Answer = TypeVar("Answer")


class RetryBudget:
    """Budget of one retry for every `CALLS_PER_RETRY` calls."""

    def __init__(self) -> None:
        self._calls = CALLS_PER_RETRY * MAX_SAVED_RETRIES

    def earn(self) -> None:
        """Add one call."""
        self._calls = min(self._calls + 1, CALLS_PER_RETRY * MAX_SAVED_RETRIES)

    def spend(self) -> bool:
        """Return true and take one retry, or return false if there is none."""
        if self._calls < CALLS_PER_RETRY:
            return False
        self._calls -= CALLS_PER_RETRY
        return True


class Retry:
    """Retry of the calls of one client.

    Args:
        timeout_seconds: Timeout of a call together with its retry.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._budget = RetryBudget()

    async def send(self, method: str, request: Callable[..., Awaitable[Answer]]) -> Answer:
        """Return the result of *request*, which is called again after a connection error.

        Args:
            method: A method that is not safe is never repeated.
            request: Called with the ``timeout`` of the attempt.
        """
        end = time.monotonic() + self._timeout_seconds
        self._budget.earn()
        try:
            return await request(timeout=_until(end))
        except aiohttp.ServerTimeoutError:
            raise
        except aiohttp.ClientConnectionError:
            if method not in SAFE_METHODS or not self._budget.spend():
                raise
        with resend_count(1):
            return await request(timeout=_until(end))


def _until(end: float) -> aiohttp.ClientTimeout:
    # aiohttp understands 0 as no timeout.
    return aiohttp.ClientTimeout(total=max(end - time.monotonic(), 0.001))
