"""One retry of a call that did not reach the other service, within a budget.

A retry helps against a connection that broke, and harms a service that is overloaded: so a timeout
is not retried, and an outage does not multiply the calls.

Source: Google, "Site Reliability Engineering", chapter 22, "Retries".
"""

from typing import Final

import aiohttp

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""Methods whose requests may be sent twice. Source: RFC 9110, section 9.2.1."""

CALLS_PER_RETRY: Final = 10
MAX_SAVED_RETRIES: Final = 3
"""Limit on the retries that calls without an error save up for a later burst."""


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
    """Decision on the retries of the calls of one client."""

    def __init__(self) -> None:
        self._budget = RetryBudget()

    def earn(self) -> None:
        """Count a call, which adds to the budget."""
        self._budget.earn()

    def allows(self, method: str, error: Exception, *, attempts: int) -> bool:
        """Return true if a call that failed with *error* may be sent again, and spend a retry.

        Args:
            method: A method that is not safe is never repeated.
            error: Only a connection that broke is a reason to repeat; a timeout is not.
            attempts: Attempts until now. A call is repeated once.
        """
        lost = isinstance(error, aiohttp.ClientConnectionError)
        return (
            attempts == 1
            and lost
            and not isinstance(error, TimeoutError)
            and method in SAFE_METHODS
            and self._budget.spend()
        )
