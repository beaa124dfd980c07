"""Users of the orders: from users through a circuit breaker, or as they were last seen."""

from http import HTTPStatus
from typing import Final

from prometheus_client import CollectorRegistry

from demo_services.metrics import counter
from demo_services.peer import PeerError
from demo_services.recent import Recent
from demo_services.resilience.breaker import Breaker, CircuitOpenError
from demo_services.rpc.client import UsersClient
from demo_services.shop import User
from instrumentation.service_metrics import DEGRADED_RESPONSES

MAX_LAST_SEEN: Final = 1000
"""Limit on the users that are kept. Beyond it, the one that was not seen for longest is dropped."""


class Owners:
    """Finds the users of orders.

    Args:
        users: Client of users, opened and closed by the caller.
        registry: Gets the metrics of the breaker and the count of degraded responses.
    """

    def __init__(self, users: UsersClient, registry: CollectorRegistry) -> None:
        self._users = users
        self._breaker = Breaker("users", is_failure=_is_failure, registry=registry)
        self._degraded = counter(DEGRADED_RESPONSES, registry).labels("users")
        self._last_seen = Recent[int, User](MAX_LAST_SEEN)

    async def find(self, user_id: int) -> User:
        """Return the user as it is now.

        Raises:
            PeerError: 404 without the user; 503 while the breaker is open; others as for
                `UsersClient.find`.
        """
        try:
            with self._breaker.call():
                user = await self._users.find(user_id)
        except CircuitOpenError as error:
            raise PeerError(503, "users is not available") from error
        self._last_seen.store(user_id, user)
        return user

    async def find_or_last_seen(self, user_id: int) -> tuple[User, bool]:
        """Return the user, and true if it is the last seen one because users failed.

        Raises:
            PeerError: As for `find`, if the user was never seen.
        """
        try:
            return await self.find(user_id), False
        except PeerError as error:
            user = self._last_seen.get(user_id)
            if user is None or not _is_failure(error):
                raise
            self._degraded.inc()
            return user, True


def _is_failure(error: Exception) -> bool:
    return not isinstance(error, PeerError) or error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
