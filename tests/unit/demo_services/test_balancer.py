"""Choice among the instances of a service."""

from collections import Counter
from contextlib import ExitStack

from demo_services.registry.balancer import AVOID_SECONDS, Balancer

ONE, TWO, THREE = "http://one", "http://two", "http://three"


class Clock:
    """Clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def choose(balancer: Balancer, times: int = 1) -> list[str]:
    """Return the addresses of sequential calls."""
    chosen = []
    for _ in range(times):
        with balancer.call() as address:
            chosen.append(address)
    return chosen


def test_sequential_calls_reach_every_instance_equally() -> None:
    balancer = Balancer([ONE, TWO, THREE])

    assert Counter(choose(balancer, times=9)) == {ONE: 3, TWO: 3, THREE: 3}


def test_a_slow_instance_gets_fewer_calls() -> None:
    balancer = Balancer([ONE, TWO])

    with ExitStack() as calls:
        first = calls.enter_context(balancer.call())
        rest = choose(balancer, times=4)

    assert first not in rest


def test_a_failing_instance_is_avoided_for_a_moment() -> None:
    clock = Clock()
    balancer = Balancer([ONE, TWO], clock=clock)
    balancer.record_failure(ONE)

    avoided = choose(balancer, times=4)
    clock.now = AVOID_SECONDS
    afterwards = choose(balancer, times=4)

    assert set(avoided) == {TWO}
    assert set(afterwards) == {ONE, TWO}


def test_instances_that_all_fail_are_called_nevertheless() -> None:
    balancer = Balancer([ONE, TWO])
    balancer.record_failure(ONE)
    balancer.record_failure(TWO)

    assert set(choose(balancer, times=4)) == {ONE, TWO}


def test_another_instance_is_tried_first_and_the_same_one_if_there_is_no_other() -> None:
    balancer = Balancer([ONE, TWO])

    with balancer.call(without=[ONE]) as other, balancer.call(without=[ONE, TWO]) as any_one:
        assert other == TWO
        assert any_one == ONE


def test_an_empty_list_replaces_nothing() -> None:
    balancer = Balancer([ONE])
    balancer.replace([TWO, THREE])

    balancer.replace([])

    assert balancer.addresses == (THREE, TWO)


def test_an_instance_that_left_is_used_until_its_last_call_ends() -> None:
    balancer = Balancer([ONE])

    with balancer.call():
        balancer.replace([TWO])
        during = balancer.is_used(ONE)

    assert during
    assert not balancer.is_used(ONE)
