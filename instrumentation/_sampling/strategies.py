"""What a Jaeger collector may tell us to sample.

Source: jaeger-idl, api_v2/sampling.proto; the answers of Jaeger 2.20 in tests/golden/jaeger.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from instrumentation._sampling.sampler import LOW_BITS
from instrumentation._support.fork import new_lock

Strategy = Callable[[int, str], bool]
"""Whether a new trace is sampled, from its id and the name of its first span."""


class Probabilistic:
    """A share of traces, decided by their id: 0 to 1."""

    def __init__(self, ratio: float) -> None:
        if not 0.0 <= ratio <= 1.0:
            raise ValueError(f"sampling rate {ratio!r}: expected a ratio from 0 to 1")
        self._bound = round(ratio * (LOW_BITS + 1))

    def __call__(self, trace_id: int, name: str) -> bool:
        """Whether the trace is among the share."""
        del name
        return (trace_id & LOW_BITS) < self._bound


class RateLimited:
    """So many traces a second, up to one second's worth at once.

    Args:
        per_second: 0 samples nothing.
        clock: Gives seconds that never go back.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not 0.0 <= per_second < float("inf"):
            raise ValueError(f"traces per second {per_second!r}: expected a number of at least 0")
        self._per_second = per_second
        self._most = max(1.0, per_second)
        self._balance = self._most if per_second else 0.0
        self._clock = clock
        self._seen = clock()
        self._lock = new_lock()

    def __call__(self, trace_id: int, name: str) -> bool:
        """Whether the trace is within the rate."""
        del trace_id, name
        now = self._clock()
        with self._lock:
            earned = max(0.0, now - self._seen) * self._per_second
            self._balance = min(self._most, self._balance + earned)
            self._seen = max(self._seen, now)
            if self._balance < 1.0:
                return False
            self._balance -= 1.0
            return True


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A share of traces, and so many a second even if the share is less."""

    share: Strategy
    floor: Strategy

    def __call__(self, trace_id: int, name: str) -> bool:
        """Whether the share or the floor takes the trace."""
        floor = self.floor(trace_id, name)
        return self.share(trace_id, name) or floor


class PerOperation:
    """A strategy for each operation named, another one for the rest.

    An operation is a route, like ``GET /orders/{id}``, but sampling comes before routing: the name
    we are asked about has the path instead, and is matched with the route's shape.
    """

    def __init__(self, operations: Mapping[str, Strategy], rest: Strategy) -> None:
        self._operations = dict(operations)
        self._shapes = [
            (_shape(operation), strategy)
            for operation, strategy in operations.items()
            if "{" in operation
        ]
        self._rest = rest

    def __call__(self, trace_id: int, name: str) -> bool:
        """What the operation's strategy says."""
        return self._of(name)(trace_id, name)

    def _of(self, name: str) -> Strategy:
        exact = self._operations.get(name)
        if exact is not None:
            return exact
        matching = (strategy for shape, strategy in self._shapes if shape.fullmatch(name))
        return next(matching, self._rest)


def strategy(answer: Mapping[str, Any]) -> Strategy:
    """The strategy that a collector's *answer* describes.

    Raises:
        ValueError: The answer has another shape, or a rate out of range.
    """
    try:
        by_operation = answer.get("operationSampling")
        service = _service(answer)
        return _per_operation(by_operation, service, answer) if by_operation else service
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no sampling strategy: {error!r}") from error


def _service(answer: Mapping[str, Any]) -> Strategy:
    if _rate_limited(answer):
        return RateLimited(answer["rateLimitingSampling"]["maxTracesPerSecond"])
    return Probabilistic(answer["probabilisticSampling"].get("samplingRate", 0.0))


def _rate_limited(answer: Mapping[str, Any]) -> bool:
    # proto3 JSON leaves out what is zero, and so does PROBABILISTIC = 0.
    return bool(answer.get("strategyType", "PROBABILISTIC") == "RATE_LIMITING")


def _per_operation(
    sampling: Mapping[str, Any], service: Strategy, answer: Mapping[str, Any]
) -> Strategy:
    """Jaeger fills the default of a rate-limited service with 1: there its rate is the rest."""
    floor = sampling.get("defaultLowerBoundTracesPerSecond", 0.0)
    rest = (
        service
        if _rate_limited(answer)
        else _with_floor(sampling.get("defaultSamplingProbability", 0.0), floor)
    )
    operations = {
        item["operation"]: _with_floor(
            item["probabilisticSampling"].get("samplingRate", 0.0), floor
        )
        for item in sampling.get("perOperationStrategies") or ()
    }
    return PerOperation(operations, rest)


def _with_floor(ratio: float, floor: float) -> Strategy:
    share = Probabilistic(ratio)
    return AtLeast(share, RateLimited(floor)) if floor and ratio else share


def _shape(operation: str) -> re.Pattern[str]:
    """Paths of a route; ``{name:path}`` spans several segments."""
    parts = re.split(r"(\{[^}]*\})", operation)
    return re.compile("".join(map(_part, parts)))


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return ".*" if part.endswith(":path}") else "[^/]+"
