"""Circuit breaker: windows, one probe, metrics."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from demo_services.resilience.breaker import Breaker, CircuitOpenError, Policy, State

POLICY = Policy(
    window=10,
    min_calls=4,
    failure_ratio=0.5,
    slow_seconds=1.0,
    slow_ratio=0.8,
    open_seconds=5.0,
)


class Clock:
    """Clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def breaker(clock: Clock, registry: CollectorRegistry) -> Breaker:
    return Breaker(
        "users",
        is_failure=lambda error: isinstance(error, OSError),
        registry=registry,
        policy=POLICY,
        clock=clock,
    )


def call(breaker: Breaker, error: type[BaseException] | None = None) -> None:
    """Call once; the call raises *error*."""
    with suppress(error or AssertionError), breaker.call():
        if error:
            raise error


def state_of(breaker: Breaker) -> State:
    return breaker.state


def open_it(breaker: Breaker) -> None:
    for _ in range(POLICY.min_calls):
        call(breaker, OSError)


def test_it_opens_at_the_failure_ratio(breaker: Breaker) -> None:
    call(breaker)
    call(breaker)
    call(breaker, OSError)
    assert state_of(breaker) is State.CLOSED

    call(breaker, OSError)

    assert state_of(breaker) is State.OPEN


def test_few_failures_do_not_open_it(breaker: Breaker) -> None:
    for _ in range(POLICY.min_calls - 1):
        call(breaker, OSError)

    assert state_of(breaker) is State.CLOSED


def test_only_the_latest_calls_count(breaker: Breaker) -> None:
    for _ in range(POLICY.window):
        call(breaker)
    for _ in range(4):
        call(breaker, OSError)
    assert state_of(breaker) is State.CLOSED

    call(breaker, OSError)

    assert state_of(breaker) is State.OPEN


def test_it_opens_at_the_ratio_of_slow_calls(breaker: Breaker, clock: Clock) -> None:
    for _ in range(POLICY.min_calls):
        with breaker.call():
            clock.now += 1.0

    assert state_of(breaker) is State.OPEN


def test_an_error_of_the_caller_is_no_failure(breaker: Breaker) -> None:
    for _ in range(POLICY.window):
        call(breaker, LookupError)

    assert state_of(breaker) is State.CLOSED


def test_an_open_breaker_rejects_calls_without_trying_them(breaker: Breaker) -> None:
    open_it(breaker)

    with pytest.raises(CircuitOpenError, match="the circuit breaker users is open"):
        breaker.call().__enter__()


@pytest.mark.parametrize(("error", "state"), [(None, State.CLOSED), (OSError, State.OPEN)])
def test_a_probe_decides(
    breaker: Breaker, clock: Clock, error: type[Exception] | None, state: State
) -> None:
    open_it(breaker)
    clock.now += POLICY.open_seconds

    call(breaker, error)

    assert state_of(breaker) is state


def test_a_slow_probe_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += POLICY.open_seconds

    with breaker.call():
        clock.now += 1.0

    assert state_of(breaker) is State.OPEN


def test_of_fifty_concurrent_calls_one_probes(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += POLICY.open_seconds

    async def probe(end: asyncio.Event) -> bool:
        try:
            with breaker.call():
                await end.wait()
        except CircuitOpenError:
            return False
        return True

    async def probe_all() -> list[bool]:
        end = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            probes = [group.create_task(probe(end)) for _ in range(50)]
            await asyncio.wait(probes[1:])
            end.set()
        return [task.result() for task in probes]

    assert asyncio.run(probe_all()) == [True] + [False] * 49
    assert state_of(breaker) is State.CLOSED


def test_after_a_cancelled_probe_another_call_probes(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += POLICY.open_seconds
    call(breaker, asyncio.CancelledError)
    assert state_of(breaker) is State.HALF_OPEN

    call(breaker)

    assert state_of(breaker) is State.CLOSED


def test_a_call_from_before_it_opened_does_not_decide_the_probe(
    breaker: Breaker, clock: Clock
) -> None:
    early = breaker.call()
    early.__enter__()
    open_it(breaker)
    clock.now += POLICY.open_seconds
    with breaker.call():
        early.__exit__(None, None, None)
        assert state_of(breaker) is State.HALF_OPEN

    assert state_of(breaker) is State.CLOSED


def test_state_and_calls_are_counted(breaker: Breaker, registry: CollectorRegistry) -> None:
    for error in (None, OSError, OSError, OSError, CircuitOpenError):
        call(breaker, error)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"name": "users", **labels})

    states = {state: value("circuit_breaker_state", state=state) for state in State}
    outcomes = ("success", "failure", "rejected")
    calls = [value("circuit_breaker_calls_total", outcome=outcome) for outcome in outcomes]
    assert states == {State.CLOSED: 0, State.HALF_OPEN: 0, State.OPEN: 1}
    assert calls == [1, 3, 1]


def test_other_conditions_hold_for_the_calls_that_count_already(breaker: Breaker) -> None:
    call(breaker, OSError)
    call(breaker, OSError)

    breaker.use(replace(POLICY, min_calls=3))
    call(breaker, OSError)

    assert state_of(breaker) is State.OPEN
