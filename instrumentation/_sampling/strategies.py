"""Sampling strategies of a Jaeger collector.

Source: jaeger-idl, api_v2/sampling.proto; responses of Jaeger 2.20 in tests/golden/jaeger.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from instrumentation._sampling.sampler import LOW_BITS
from instrumentation._support.fork import new_lock

Strategy = Callable[[int, str], bool]
"""Decision for a new trace from its id and the name of its first span."""


class Probabilistic:
    """Strategy that samples a ratio of traces, from 0 to 1, by trace id."""

    def __init__(self, ratio: float) -> None:
        if not 0.0 <= ratio <= 1.0:
            raise ValueError(f"sampling rate {ratio!r}: expected a ratio from 0 to 1")
        self._bound = round(ratio * (LOW_BITS + 1))

    def __call__(self, trace_id: int, name: str) -> bool:
        """Return whether the trace id is within the ratio."""
        del name
        return (trace_id & LOW_BITS) < self._bound


class RateLimiting:
    """Strategy that samples a number of traces a second, with bursts of one second.

    Args:
        per_second: Maximum rate; 0 samples nothing.
        clock: Returns monotonic seconds.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not 0.0 <= per_second < float("inf"):
            raise ValueError(f"traces per second {per_second!r}: expected a number of at least 0")
        self._per_second = per_second
        self._max_balance = max(1.0, per_second)
        self._balance = self._max_balance if per_second else 0.0
        self._clock = clock
        self._updated_at = clock()
        self._lock = new_lock()

    def __call__(self, trace_id: int, name: str) -> bool:
        """Return whether the trace is within the rate."""
        del trace_id, name
        now = self._clock()
        with self._lock:
            earned = max(0.0, now - self._updated_at) * self._per_second
            self._balance = min(self._max_balance, self._balance + earned)
            self._updated_at = max(self._updated_at, now)
            if self._balance < 1.0:
                return False
            self._balance -= 1.0
            return True


@dataclass(frozen=True, slots=True)
class GuaranteedThroughput:
    """Strategy that samples a ratio of traces, but at least a rate of traces a second."""

    ratio_strategy: Strategy
    lower_bound: Strategy

    def __call__(self, trace_id: int, name: str) -> bool:
        """Return whether the ratio or the lower bound samples the trace."""
        lower_bound = self.lower_bound(trace_id, name)
        return self.ratio_strategy(trace_id, name) or lower_bound


class PerOperation:
    """Strategy that depends on the operation, with a default for other operations.

    An operation is a route, like ``GET /orders/{id}``. Sampling runs before routing, so the span's
    name contains the path, which is matched against the route's pattern.
    """

    def __init__(self, operations: Mapping[str, Strategy], default: Strategy) -> None:
        self._operations = dict(operations)
        self._patterns = [
            (_path_pattern(operation), strategy)
            for operation, strategy in operations.items()
            if "{" in operation
        ]
        self._default = default

    def __call__(self, trace_id: int, name: str) -> bool:
        """Return the decision of the operation's strategy."""
        return self._strategy_for(name)(trace_id, name)

    def _strategy_for(self, name: str) -> Strategy:
        exact = self._operations.get(name)
        if exact is not None:
            return exact
        matching = (strategy for pattern, strategy in self._patterns if pattern.fullmatch(name))
        return next(matching, self._default)


def parse_strategy(response: Mapping[str, Any]) -> Strategy:
    """Return the strategy described by a collector's *response*.

    Raises:
        ValueError: The response has an unknown structure, or a rate is out of range.
    """
    try:
        by_operation = response.get("operationSampling")
        service = _service(response)
        return _per_operation(by_operation, service, response) if by_operation else service
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no sampling strategy: {error!r}") from error


def _service(response: Mapping[str, Any]) -> Strategy:
    if _rate_limited(response):
        return RateLimiting(response["rateLimitingSampling"]["maxTracesPerSecond"])
    return Probabilistic(response["probabilisticSampling"].get("samplingRate", 0.0))


def _rate_limited(response: Mapping[str, Any]) -> bool:
    # proto3 JSON omits zero values, and PROBABILISTIC is 0.
    return bool(response.get("strategyType", "PROBABILISTIC") == "RATE_LIMITING")


def _per_operation(
    sampling: Mapping[str, Any], service: Strategy, response: Mapping[str, Any]
) -> Strategy:
    """Return the strategy by operation.

    Jaeger sets the default probability of a rate-limited service to 1; its rate applies instead.
    """
    lower_bound = sampling.get("defaultLowerBoundTracesPerSecond", 0.0)
    default = (
        service
        if _rate_limited(response)
        else _with_lower_bound(sampling.get("defaultSamplingProbability", 0.0), lower_bound)
    )
    operations = {
        item["operation"]: _with_lower_bound(
            item["probabilisticSampling"].get("samplingRate", 0.0), lower_bound
        )
        for item in sampling.get("perOperationStrategies") or ()
    }
    return PerOperation(operations, default)


def _with_lower_bound(ratio: float, lower_bound: float) -> Strategy:
    ratio_strategy = Probabilistic(ratio)
    return (
        GuaranteedThroughput(ratio_strategy, RateLimiting(lower_bound))
        if lower_bound and ratio
        else ratio_strategy
    )


def _path_pattern(operation: str) -> re.Pattern[str]:
    """Return the pattern of a route's paths; ``{name:path}`` matches several segments."""
    parts = re.split(r"(\{[^}]*\})", operation)
    return re.compile("".join(map(_part_pattern, parts)))


def _part_pattern(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return ".*" if part.endswith(":path}") else "[^/]+"
