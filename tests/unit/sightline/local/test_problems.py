import errno
from itertools import count

import pytest

from sightline.errors import ConfigurationError
from sightline.local.problems import LOG_INTERVAL_SECONDS, Problems


@pytest.fixture
def logged() -> list[str]:
    return []


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device", "/state.json")


def fails(problems: Problems, *, times: int) -> None:
    for _ in range(times):
        with problems.attempt("state.json"):
            raise full()


def test_a_problem_with_its_next_step_lasts_until_a_success(logged: list[str]) -> None:
    problems = Problems(logged.append)

    with problems.attempt("state.json", "free some space"):
        raise full()
    seen = problems.open
    with problems.attempt("state.json", "free some space"):
        pass

    expected = "[Errno 28] No space left on device: '/state.json'; free some space"
    assert seen == {"state.json": expected}
    assert problems.open == {}
    assert logged == [f"state.json: {expected}", "state.json: works again"]


def test_one_kind_of_error_is_logged_once_in_ten_minutes(logged: list[str]) -> None:
    clock = count(step=LOG_INTERVAL_SECONDS / 4)
    problems = Problems(logged.append, now=lambda: next(clock))

    fails(problems, times=8)

    assert 1 < len(logged) < 8


def test_a_message_for_the_user_is_shown_unchanged(logged: list[str]) -> None:
    problems = Problems(logged.append)

    with problems.attempt("state directory", "no other advice"):
        raise ConfigurationError("it is of user daemon; remove it")

    assert problems.open == {"state directory": "it is of user daemon; remove it"}


def test_the_traceback_of_an_unexpected_error_is_logged(logged: list[str]) -> None:
    problems = Problems(logged.append)

    with problems.attempt("supervisor", "see log/supervisor.log"):
        raise KeyError("a")

    assert problems.open == {"supervisor": "KeyError('a'); see log/supervisor.log"}
    assert "Traceback" in logged[1]
