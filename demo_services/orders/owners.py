"""Users of the orders: from users through a circuit breaker, or from the snapshot of orders."""

from http import HTTPStatus

from prometheus_client import CollectorRegistry

from demo_services.metrics import counter
from demo_services.orders.customers import Customers
from demo_services.peer import PeerError
from demo_services.resilience.breaker import Breaker, CircuitOpenError, Policy
from demo_services.rpc.client import UsersClient
from demo_services.shop import User
from instrumentation.service_metrics import DEGRADED_RESPONSES


class Owners:
    """Finds the users of orders.

    Args:
        users: Client of users, opened and closed by the caller.
        customers: Snapshot of the users' data, for the time in which users fails.
        policy: Conditions of the breaker.
        registry: Gets the metrics of the breaker and the count of degraded responses.
    """

    def __init__(
        self,
        users: UsersClient,
        customers: Customers,
        policy: Policy,
        registry: CollectorRegistry,
    ) -> None:
        self._users = users
        self._customers = customers
        self.breaker = Breaker("users", is_failure=_is_failure, registry=registry, policy=policy)
        self._degraded = counter(DEGRADED_RESPONSES, registry).labels("users")

    async def find(self, user_id: int) -> User:
        """Return the user as it is now.

        Raises:
            PeerError: 404 without the user; 503 while the breaker is open; others as for
                `UsersClient.find`.
        """
        try:
            with self.breaker.call():
                return await self._users.find(user_id)
        except CircuitOpenError as error:
            raise PeerError(503, "users is not available") from error

    async def find_or_stale(self, user_id: int) -> tuple[User, bool]:
        """Return the user, and true if it is that of the snapshot because users failed.

        Raises:
            PeerError: As for `find`, if the snapshot does not have the user.
            UnavailableError: The database does not answer.
        """
        try:
            return await self.find(user_id), False
        except PeerError as error:
            user = await self._customers.find(user_id) if _is_failure(error) else None
            if user is None:
                raise
            self._degraded.inc()
            return user, True


def _is_failure(error: Exception) -> bool:
    return not isinstance(error, PeerError) or error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
