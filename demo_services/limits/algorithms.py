"""Fixed window, sliding window, leaky bucket and token bucket, each for one key.

An instance is the state of one key. It reads no clock: `Algorithm.take` gets the time in seconds of
a clock that does not go back. With fractions as numbers, all arithmetic is exact.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Limit of the requests of one key."""

    per_second: float
    """Requests per second that are allowed for any length of time."""
    burst: int
    """Requests that are allowed at once: size of a bucket, or limit of a window."""

    @property
    def window_seconds(self) -> float:
        """Time in which the constant rate allows `burst` requests."""
        return self.burst / self.per_second


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Decision on one request."""

    allowed: bool
    remaining: int
    """Requests that are allowed at once after this one."""
    reset_seconds: float
    """Time until the whole quota is available, without further requests."""
    retry_seconds: float = 0
    """Time until a rejected request is allowed, without further requests."""
    delay_seconds: float = 0
    """Time that an allowed request has to wait, because a leaky bucket sends at a constant rate."""


class Algorithm(Protocol):
    """State of one key."""

    def take(self, now: float) -> Decision:
        """Decide on a request at *now*, and count it if it is allowed."""


Factory = Callable[[Quota, float], Algorithm]
"""Creates the state of a new key from its quota and the time."""


class FixedWindow:
    """At most `Quota.burst` requests in each window of the clock.

    It needs one counter. Around the end of a window it allows twice the burst.
    """

    def __init__(self, quota: Quota, now: float) -> None:
        self._quota = quota
        self._window = now // quota.window_seconds
        self._count = 0

    def take(self, now: float) -> Decision:
        """Decide on a request at *now*, and count it if it is allowed."""
        seconds = self._quota.window_seconds
        window = now // seconds
        if window != self._window:
            self._window, self._count = window, 0
        rest = (window + 1) * seconds - now
        if self._count >= self._quota.burst:
            return Decision(allowed=False, remaining=0, reset_seconds=rest, retry_seconds=rest)
        self._count += 1
        return Decision(allowed=True, remaining=self._quota.burst - self._count, reset_seconds=rest)


class SlidingWindow:
    """At most `Quota.burst` requests in a window that ends now.

    The requests of the previous window count in proportion to its part of the sliding window, as if
    they had been evenly spread. It needs two counters.
    """

    def __init__(self, quota: Quota, now: float) -> None:
        self._quota = quota
        self._window = now // quota.window_seconds
        self._count = self._previous = 0

    def take(self, now: float) -> Decision:
        """Decide on a request at *now*, and count it if it is allowed."""
        burst, seconds = self._quota.burst, self._quota.window_seconds
        window = now // seconds
        if window != self._window:
            self._previous = self._count if window == self._window + 1 else 0
            self._window, self._count = window, 0
        rest = (window + 1) * seconds - now
        used = self._count + self._previous * rest / seconds
        reset = rest + seconds if self._count else rest
        if used + 1 > burst:
            return Decision(
                allowed=False, remaining=0, reset_seconds=reset, retry_seconds=self._retry(rest)
            )
        self._count += 1
        reset = rest + seconds
        return Decision(allowed=True, remaining=math.floor(burst - used - 1), reset_seconds=reset)

    def _retry(self, rest: float) -> float:
        """Return the time until one more request fits, with *rest* seconds left in this window."""
        burst, seconds = self._quota.burst, self._quota.window_seconds
        if self._count + 1 <= burst:  # as soon as enough of the previous window is left behind
            return rest - (burst - 1 - self._count) * seconds / self._previous
        return rest + seconds - (burst - 1) * seconds / self._count


class TokenBucket:
    """Tokens are added at a constant rate up to `Quota.burst`, and a request takes one."""

    def __init__(self, quota: Quota, now: float) -> None:
        self._quota = quota
        self._tokens: float = quota.burst
        self._filled_at = now

    def take(self, now: float) -> Decision:
        """Decide on a request at *now*, and count it if it is allowed."""
        rate, burst = self._quota.per_second, self._quota.burst
        tokens = min(burst, self._tokens + max(0, now - self._filled_at) * rate)
        allowed = tokens >= 1
        self._tokens, self._filled_at = tokens - 1 if allowed else tokens, now
        return Decision(
            allowed=allowed,
            remaining=math.floor(self._tokens),
            reset_seconds=(burst - self._tokens) / rate,
            retry_seconds=0 if allowed else (1 - tokens) / rate,
        )


class LeakyBucket:
    """Requests leave a queue of `Quota.burst` places at a constant rate."""

    def __init__(self, quota: Quota, now: float) -> None:
        self._quota = quota
        self._free_at = now

    def take(self, now: float) -> Decision:
        """Decide on a request at *now*, and count it if it is allowed."""
        interval = 1 / self._quota.per_second
        queue_seconds = (self._quota.burst - 1) * interval
        delay = max(0, self._free_at - now)
        if delay > queue_seconds:
            return Decision(
                allowed=False,
                remaining=0,
                reset_seconds=delay,
                retry_seconds=delay - queue_seconds,
            )
        self._free_at = now + delay + interval
        return Decision(
            allowed=True,
            remaining=math.floor((queue_seconds - delay) / interval),
            reset_seconds=delay + interval,
            delay_seconds=delay,
        )
