"""Circuit breaker for calls to one dependency.

::

    with breaker.call():
        user = await users.find(7)

Source: resilience4j, "CircuitBreaker".
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry

from demo_services.metrics import counter, gauge
from instrumentation.service_metrics import CIRCUIT_BREAKER_CALLS, CIRCUIT_BREAKER_STATE

_LOG: Final = logging.getLogger(__name__)


class State(StrEnum):
    """State of a breaker."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class CircuitOpenError(Exception):
    """The breaker rejected the call without trying it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Conditions of a breaker."""

    window: int
    """Number of latest calls that count."""
    min_calls: int
    """Number of calls in the window before it can open."""
    failure_ratio: float
    """Ratio of failed calls that opens it."""
    slow_seconds: float
    """Duration from which on a call is slow."""
    slow_ratio: float
    """Ratio of slow calls that opens it."""
    open_seconds: float
    """Time without calls, until one call probes the dependency."""


class Breaker:
    """Breaker for the coroutines of one event loop. It does not block, and is not thread-safe.

    Args:
        name: Label of its metrics.
        is_failure: Tells whether an exception is a failure of the dependency. A cancelled call is
            neither failure nor success.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        name: str,
        *,
        is_failure: Callable[[Exception], bool],
        registry: CollectorRegistry,
        policy: Policy,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._is_failure = is_failure
        self._policy = policy
        self._clock = clock
        self._states = gauge(CIRCUIT_BREAKER_STATE, registry)
        calls = counter(CIRCUIT_BREAKER_CALLS, registry)
        outcomes = ("success", "failure", "rejected")
        self._calls = {outcome: calls.labels(name, outcome) for outcome in outcomes}
        self._failed: deque[bool]
        self._slow: deque[bool]
        self._period = 0
        self._state = State.CLOSED
        self._probing = False
        self._open_until = 0.0
        self._enter(State.CLOSED)

    @property
    def state(self) -> State:
        """State after the last call."""
        return self._state

    def use(self, policy: Policy) -> None:
        """Apply other conditions to the next call. Calls in the window count on."""
        self._policy = policy
        self._failed = deque(self._failed, maxlen=policy.window)
        self._slow = deque(self._slow, maxlen=policy.window)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Run the block as one call.

        Raises:
            CircuitOpenError: The breaker is open, or half open with a call under way.
        """
        self._admit()
        period, started, failed = self._period, self._clock(), None
        try:
            yield
            failed = False
        except Exception as error:
            failed = self._is_failure(error)
            raise
        finally:
            slow = self._clock() - started >= self._policy.slow_seconds
            if failed is not None:
                self._calls["failure" if failed else "success"].inc()
            if period == self._period:  # a call of an earlier state says nothing about this one
                self._judge(failed=failed, slow=slow)

    def _admit(self) -> None:
        if self._state is State.OPEN and self._clock() >= self._open_until:
            self._enter(State.HALF_OPEN)
        if self._state is State.OPEN or self._probing:
            self._calls["rejected"].inc()
            raise CircuitOpenError(f"the circuit breaker {self._name} is open")
        self._probing = self._state is State.HALF_OPEN

    def _judge(self, *, failed: bool | None, slow: bool) -> None:
        self._probing = False
        if failed is None:
            return
        if self._state is State.HALF_OPEN:
            self._enter(State.OPEN if failed or slow else State.CLOSED)
            return
        self._failed.append(failed)
        self._slow.append(slow)
        number = len(self._failed)
        if number >= self._policy.min_calls and (
            sum(self._failed) >= self._policy.failure_ratio * number
            or sum(self._slow) >= self._policy.slow_ratio * number
        ):
            self._enter(State.OPEN)

    def _enter(self, state: State) -> None:
        if self._period:
            _LOG.warning("circuit breaker changed", extra={"breaker": self._name, "state": state})
        self._period += 1
        self._state = state
        self._probing = False
        self._open_until = self._clock() + self._policy.open_seconds
        self._failed = deque[bool](maxlen=self._policy.window)
        self._slow = deque[bool](maxlen=self._policy.window)
        for other in State:
            self._states.labels(self._name, other.value).set(other is state)
