"""Stack that is brought into six states in turn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.stacks import LocalStack, running
from tests.waiting import until


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """State of the stack with the actions that enter and leave it."""

    name: str
    enter: Callable[[LocalStack], object]
    reached: str
    """PromQL query with a result once the data shows the state."""
    leave: Callable[[LocalStack], object] = lambda _: None


def do_nothing(_: LocalStack) -> None:
    """Do nothing, for a state that needs no action."""


STATES = (
    State(
        name="fresh start",
        enter=do_nothing,
        reached='job:http_server_requests:rate{job="users"} > 0 '
        "and on () count(sum_over_time(up[1m]) > 2) == 9",
    ),
    State(
        name="healthy",
        enter=do_nothing,
        reached='count_over_time(job:http_server_requests:rate{job="users"}[1m]) > 6',
    ),
    State(
        name="error burst",
        enter=lambda stack: stack.freeze("users"),
        reached='job:http_server_errors:ratio{job="gateway"} > 0.05',
        leave=lambda stack: stack.thaw("users"),
    ),
    State(
        name="service down",
        enter=lambda stack: stack.kill("users"),
        reached='max_over_time(up{job="users"}[10s]) == 0',
        leave=lambda stack: stack.up("users"),
    ),
    State(
        name="trace backend down",
        enter=lambda stack: stack.kill("jaeger"),
        reached='max_over_time(up{job="jaeger"}[10s]) == 0',
        leave=lambda stack: stack.up("jaeger"),
    ),
    State(
        name="idle",
        enter=lambda stack: stack.kill("traffic"),
        reached='job:http_server_requests:rate{job="users"} == 0',
        leave=lambda stack: stack.up("traffic"),
    ),
)


@pytest.fixture(scope="module")
def whole_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Stack with every role."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module", params=STATES, ids=lambda state: state.name)
def stack(whole_stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[LocalStack]:
    """Stack in one of the states, which it leaves after the tests."""
    state: State = request.param
    state.enter(whole_stack)
    try:
        until(lambda: has_result(whole_stack, state.reached), within_seconds=120)
        yield whole_stack
    finally:
        state.leave(whole_stack)


def has_result(stack: LocalStack, promql: str) -> bool:
    """Return true if *promql* has a result now."""
    response = stack.ask("prometheus", "/api/v1/query", params={"query": promql})
    return bool(response.json()["data"]["result"])
