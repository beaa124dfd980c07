"""Policies: which requests share a quota, and the decisions counted by policy."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter

from demo_services.limits.algorithms import Decision, Factory, Quota, TokenBucket
from demo_services.limits.local import LocalLimiter
from demo_services.metrics import counter
from instrumentation.service_metrics import RATE_LIMITER_FALLBACKS, RATE_LIMITER_REQUESTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Quota of each client for some requests."""

    name: str
    algorithm: Factory
    quota: Quota
    method: str = ""
    """Method of the requests; every method if it is empty."""
    path: str = "/"
    """Prefix of their paths."""

    def applies(self, method: str, path: str) -> bool:
        """Return true if a request with *method* and *path* counts."""
        return path.startswith(self.path) and self.method in {"", method}


class Limiter(Protocol):
    """Limiter of each key's requests."""

    def use(self, quota: Quota) -> None:
        """Apply another *quota* to the next request."""

    async def take(self, key: str) -> Decision:
        """Decide on a request of *key* now."""

    async def aclose(self) -> None:
        """Close the connections, if there are any."""


class CountedLimiter:
    """Limiter whose decisions are counted.

    Args:
        decisions: Counter ``rate_limiter_requests``.
    """

    def __init__(self, policy: Policy, limiter: Limiter, decisions: Counter) -> None:
        self._limiter = limiter
        self._allowed = decisions.labels(policy.name, "allowed")
        self._rejected = decisions.labels(policy.name, "rejected")

    def use(self, quota: Quota) -> None:
        """Apply another *quota* to the next request."""
        self._limiter.use(quota)

    async def take(self, key: str) -> Decision:
        """Decide on a request of *key* now."""
        decision = await self._limiter.take(key)
        (self._allowed if decision.allowed else self._rejected).inc()
        return decision

    async def aclose(self) -> None:
        """Close the connections, if there are any."""
        await self._limiter.aclose()


class Limits:
    """Policies with their limiters, in the order in which they are checked.

    Args:
        policies: Rules of the limits.
        url: Redis that holds the token buckets; None to keep them in this process, like the states
            of the other algorithms.
        registry: Gets the counters of decisions, and of those without Redis.
    """

    def __init__(
        self, policies: Iterable[Policy], url: str | None, registry: CollectorRegistry
    ) -> None:
        decisions = counter(RATE_LIMITER_REQUESTS, registry)
        fallbacks = counter(RATE_LIMITER_FALLBACKS, registry)
        self._limits: tuple[tuple[Policy, Limiter], ...] = tuple(
            (policy, CountedLimiter(policy, _limiter(policy, url, fallbacks), decisions))
            for policy in policies
        )

    def __iter__(self) -> Iterator[tuple[Policy, Limiter]]:
        return iter(self._limits)

    async def aclose(self) -> None:
        """Close the connections of all limiters."""
        for _, limiter in self._limits:
            await limiter.aclose()

    def use(self, quotas: Mapping[str, Quota]) -> None:
        """Apply other *quotas*, by the names of policies. The state of an equal one stays."""
        self._limits = tuple(
            (_with_quota(policy, limiter, quotas[policy.name]), limiter)
            for policy, limiter in self._limits
        )


def _with_quota(policy: Policy, limiter: Limiter, quota: Quota) -> Policy:
    if quota != policy.quota:
        limiter.use(quota)
    return replace(policy, quota=quota)


def _limiter(policy: Policy, url: str | None, fallbacks: Counter) -> Limiter:
    if url is None or policy.algorithm is not TokenBucket:
        return LocalLimiter(policy.algorithm, policy.quota)
    # The client library takes 100 ms and 10 MB, which a service without Redis does not pay.
    from demo_services.limits.shared import SharedTokenBucket

    return SharedTokenBucket(
        url, policy.quota, prefix=policy.name, on_fallback=fallbacks.labels(policy.name).inc
    )
