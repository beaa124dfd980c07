import errno
from itertools import count

import pytest

from sightline.errors import ConfigurationError
from sightline.local.troubles import AGAIN_AFTER_SECONDS, Troubles


@pytest.fixture
def said() -> list[str]:
    return []


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device", "/state.json")


def fails(troubles: Troubles, *, times: int) -> None:
    for _ in range(times):
        with troubles.attempt("state.json"):
            raise full()


def test_an_error_is_open_with_its_next_step_until_a_success(said: list[str]) -> None:
    troubles = Troubles(said.append)

    with troubles.attempt("state.json", "free some space"):
        raise full()
    seen = troubles.open
    with troubles.attempt("state.json", "free some space"):
        pass

    expected = "[Errno 28] No space left on device: '/state.json'; free some space"
    assert seen == {"state.json": expected}
    assert troubles.open == {}
    assert said == [f"state.json: {expected}", "state.json: works again"]


def test_one_kind_of_error_is_said_once_in_a_while(said: list[str]) -> None:
    clock = count(step=AGAIN_AFTER_SECONDS / 4)
    troubles = Troubles(said.append, now=lambda: next(clock))

    fails(troubles, times=8)

    assert 1 < len(said) < 8


def test_a_message_for_the_user_is_shown_as_it_is(said: list[str]) -> None:
    troubles = Troubles(said.append)

    with troubles.attempt("state directory", "no other advice"):
        raise ConfigurationError("it is of user nobody; remove it")

    assert troubles.open == {"state directory": "it is of user nobody; remove it"}


def test_an_unexpected_error_leaves_its_traceback_in_the_log(said: list[str]) -> None:
    troubles = Troubles(said.append)

    with troubles.attempt("supervisor", "see log/supervisor.log"):
        raise KeyError("a")

    assert troubles.open == {"supervisor": "KeyError('a'); see log/supervisor.log"}
    assert "Traceback" in said[1]
