"""One stack, brought into six states, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.stacks import LocalStack, running
from tests.waiting import until


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of the stack, and how to get into it and out again."""

    name: str
    enter: Callable[[LocalStack], object]
    reached: str
    """PromQL that has an answer once the state shows in the data."""
    leave: Callable[[LocalStack], object] = lambda _: None


def nothing(_: LocalStack) -> None:
    """The state comes by itself."""


STATES = (
    State(
        name="fresh start",
        enter=nothing,
        reached='job:http_server_requests:rate{job="users"} > 0 and on () count(up == 1) == 9',
    ),
    State(
        name="healthy",
        enter=nothing,
        reached='count_over_time(job:http_server_requests:rate{job="users"}[1m]) > 12',
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
    """Every role, on ports of its own."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module", params=STATES, ids=lambda state: state.name)
def stack(whole_stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[LocalStack]:
    """The stack in one of the states, and out of it afterwards."""
    state: State = request.param
    state.enter(whole_stack)
    try:
        until(lambda: answered(whole_stack, state.reached), within_seconds=120)
        yield whole_stack
    finally:
        state.leave(whole_stack)


def answered(stack: LocalStack, promql: str) -> bool:
    """Whether *promql* has an answer now."""
    response = stack.ask("prometheus", "/api/v1/query", params={"query": promql})
    return bool(response.json()["data"]["result"])
