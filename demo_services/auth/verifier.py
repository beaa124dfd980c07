"""Verification of the token of a request, counted by result."""

from collections.abc import Sequence
from typing import Final, Self

from opentelemetry import trace
from prometheus_client import CollectorRegistry

from demo_services.auth import refusal
from demo_services.auth.caller import GUEST, Caller
from demo_services.auth.key_set import KeySet
from demo_services.auth.refusal import RefusedError
from demo_services.auth.settings import Algorithm
from demo_services.auth.tokens import check, key_id
from demo_services.metrics import counter
from instrumentation.service_metrics import AUTHENTICATION_VERIFICATIONS

_SUBJECT: Final = "user.id"
_CLIENT: Final = "shop.client.id"


class Verifier:
    """Verifies tokens for one service, as an async context manager that keeps its keys current.

    Args:
        service: Audience that a token must have.
    """

    def __init__(
        self, service: str, keys: KeySet, *, algorithm: Algorithm, registry: CollectorRegistry
    ) -> None:
        self._service = service
        self._keys = keys
        self._algorithm: Algorithm = algorithm
        counted = counter(AUTHENTICATION_VERIFICATIONS, registry)
        self._results = {result: counted.labels(result) for result in refusal.RESULTS}

    async def __aenter__(self) -> Self:
        await self._keys.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._keys.__aexit__(*failure)

    async def admit(self, authorization: Sequence[str], scope: str) -> Caller:
        """Return the caller of a request that needs *scope*.

        Args:
            authorization: Values of the header ``Authorization``.
            scope: One of `scopes.SCOPES`.

        Raises:
            RefusedError: A token is required or invalid, or does not have the scope.
        """
        try:
            caller = await self._identify(authorization)
            _require(scope, caller)
        except RefusedError as error:
            self._results[error.result].inc()
            raise
        self._results[refusal.VALID if caller.token else refusal.GUEST].inc()
        return caller

    async def _identify(self, authorization: Sequence[str]) -> Caller:
        if not authorization:
            return GUEST
        kind, _, token = authorization[0].partition(" ")
        if len(authorization) > 1 or kind.lower() != "bearer":
            raise RefusedError(refusal.INVALID)
        token = token.strip()
        key = await self._keys.find(key_id(token, self._algorithm))
        return check(token, key, algorithm=self._algorithm, audience=self._service)


def _require(scope: str, caller: Caller) -> None:
    if scope not in caller.scopes:
        result = refusal.INSUFFICIENT_SCOPE if caller.token else refusal.MISSING
        raise RefusedError(result, scope=scope)


def name_caller(caller: Caller) -> None:
    """Set subject and client of *caller* as attributes of the current span, never its token."""
    if caller.token:
        span = trace.get_current_span()
        span.set_attribute(_CLIENT, caller.client_id)
        if caller.subject != caller.client_id:
            span.set_attribute(_SUBJECT, caller.subject)
