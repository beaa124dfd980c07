import errno
from itertools import count

import pytest

from sightline.errors import ConfigurationError
from sightline.local.problems import LOG_INTERVAL_SECONDS, Problems


@pytest.fixture
def said() -> list[str]:
    return []


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device", "/state.json")


def fails(problems: Problems, *, times: int) -> None:
    for _ in range(times):
        with problems.attempt("state.json"):
            raise full()


def test_an_error_is_open_with_its_next_step_until_a_success(said: list[str]) -> None:
    problems = Problems(said.append)

    with problems.attempt("state.json", "free some space"):
        raise full()
    seen = problems.open
    with problems.attempt("state.json", "free some space"):
        pass

    expected = "[Errno 28] No space left on device: '/state.json'; free some space"
    assert seen == {"state.json": expected}
    assert problems.open == {}
    assert said == [f"state.json: {expected}", "state.json: works again"]


def test_one_kind_of_error_is_said_once_in_a_while(said: list[str]) -> None:
    clock = count(step=LOG_INTERVAL_SECONDS / 4)
    problems = Problems(said.append, now=lambda: next(clock))

    fails(problems, times=8)

    assert 1 < len(said) < 8


def test_a_message_for_the_user_is_shown_as_it_is(said: list[str]) -> None:
    problems = Problems(said.append)

    with problems.attempt("state directory", "no other advice"):
        raise ConfigurationError("it is of user nobody; remove it")

    assert problems.open == {"state directory": "it is of user nobody; remove it"}


def test_an_unexpected_error_leaves_its_traceback_in_the_log(said: list[str]) -> None:
    problems = Problems(said.append)

    with problems.attempt("supervisor", "see log/supervisor.log"):
        raise KeyError("a")

    assert problems.open == {"supervisor": "KeyError('a'); see log/supervisor.log"}
    assert "Traceback" in said[1]
