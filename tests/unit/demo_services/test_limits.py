"""The four rate limit algorithms, with exact arithmetic and without a clock."""

import asyncio
import random
from collections.abc import Iterator
from fractions import Fraction

import pytest
from prometheus_client import CollectorRegistry

from demo_services.limits.algorithms import (
    Algorithm,
    Factory,
    FixedWindow,
    LeakyBucket,
    Quota,
    SlidingWindow,
    TokenBucket,
)
from demo_services.limits.local import MAX_KEYS, LocalLimiter
from demo_services.limits.policy import Limits, Policy

ALGORITHMS = (FixedWindow, SlidingWindow, TokenBucket, LeakyBucket)


def at(seconds: float) -> float:
    """Return a fraction, which a float stands for in the types."""
    return Fraction(seconds).limit_denominator(1000)  # type: ignore[return-value]


QUOTA = Quota(per_second=at(10), burst=20)


def allowed(state: Algorithm, times: Iterator[float] | list[float]) -> list[float]:
    return [now for now in times if state.take(now).allowed]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_burst_is_allowed_at_once_and_the_next_request_is_not(algorithm: Factory) -> None:
    state = algorithm(QUOTA, at(100))

    decisions = [state.take(at(100)) for _ in range(21)]

    assert [decision.allowed for decision in decisions] == [True] * 20 + [False]
    assert [decision.remaining for decision in decisions] == [*range(19, -1, -1), 0]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_rejected_request_is_allowed_after_the_named_time_and_not_before(
    algorithm: Factory,
) -> None:
    rng = random.Random(7)
    now = at(100)
    state = algorithm(QUOTA, now)
    for _ in range(2000):
        now += at(rng.expovariate(20))
        decision = state.take(now)
        if not decision.allowed:
            before = now + decision.retry_seconds - Fraction(1, 10**9)
            assert not state.take(before).allowed
            now += decision.retry_seconds
            assert state.take(now).allowed


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_whole_quota_is_available_after_the_named_reset(algorithm: Factory) -> None:
    state = algorithm(QUOTA, at(100))
    now = at(100)
    for _ in range(30):
        now += at(0.01)
        reset = state.take(now).reset_seconds

    decisions = [state.take(now + reset) for _ in range(20)]

    assert all(decision.allowed for decision in decisions)


@pytest.mark.parametrize(
    ("algorithm", "bound"),
    [(FixedWindow, 40), (SlidingWindow, 40), (TokenBucket, 40), (LeakyBucket, 40)],
)
def test_two_seconds_allow_at_most_the_burst_and_what_the_rate_adds(
    algorithm: Factory, bound: int
) -> None:
    times = [at(100) + Fraction(step, 1000) for step in range(10_000)]
    passed = allowed(algorithm(QUOTA, times[0]), times)

    highest = max(sum(start <= now < start + 2 for now in passed) for start in passed)

    assert highest <= bound
    assert len(passed) >= 95


def test_only_the_fixed_window_allows_two_bursts_around_its_end() -> None:
    around = [at(101.99)] * 100 + [at(102)] * 100

    passed = {
        algorithm: len(allowed(algorithm(QUOTA, at(100)), around)) for algorithm in ALGORITHMS
    }

    assert passed == {FixedWindow: 40, SlidingWindow: 20, TokenBucket: 20, LeakyBucket: 20}


def test_the_leaky_bucket_delays_requests_to_a_constant_rate() -> None:
    state = LeakyBucket(QUOTA, at(100))

    starts = [state.take(at(100)).delay_seconds for _ in range(20)]

    assert starts == [Fraction(number, 10) for number in range(20)]


def test_clients_do_not_share_a_quota() -> None:
    limiter = LocalLimiter(TokenBucket, Quota(per_second=1, burst=1))

    first = [limiter.take_at("10.0.0.1", 5.0).allowed for _ in range(2)]

    assert first == [True, False]
    assert limiter.take_at("10.0.0.2", 5.0).allowed


def test_a_new_client_beyond_the_limit_replaces_the_least_recently_used() -> None:
    limiter = LocalLimiter(TokenBucket, Quota(per_second=1, burst=1))
    limiter.take_at("first", 0.0)
    for number in range(MAX_KEYS):
        limiter.take_at(f"{number}", 0.0)

    assert limiter.take_at("first", 0.0).allowed  # its state is gone, so its quota is full again
    assert not limiter.take_at(f"{MAX_KEYS - 1}", 0.0).allowed


def test_the_time_is_that_of_the_monotonic_clock() -> None:
    limiter = LocalLimiter(TokenBucket, Quota(per_second=0.001, burst=2))

    decisions = [asyncio.run(limiter.take("client")).allowed for _ in range(3)]

    assert decisions == [True, True, False]


def test_another_quota_holds_for_the_next_request_and_equal_ones_keep_their_state() -> None:
    first = {"a": Quota(per_second=0.001, burst=2), "b": Quota(per_second=0.001, burst=1)}
    policies = [Policy(name=name, algorithm=TokenBucket, quota=first[name]) for name in first]
    limits = Limits(policies, None, CollectorRegistry())

    def take() -> list[bool]:
        return [asyncio.run(limiter.take("ada")).allowed for _, limiter in limits]

    assert (take(), take()) == ([True, True], [True, False])

    limits.use({**first, "a": Quota(per_second=0.001, burst=1)})

    assert [policy.quota.burst for policy, _ in limits] == [1, 1]
    assert (take(), take()) == ([True, False], [False, False])
