"""Stack traces keep their frames and types, however long the messages are."""

import time
from collections.abc import Callable
from functools import partial

import pytest

from instrumentation._spans.stacktrace import stacktrace

LONGEST = 16_384
LONG = "x" * 1_000_000


def raise_through(error: BaseException, *, frames: int = 2) -> BaseException:
    """Raise *error* through *frames* functions, at least two, and return it."""
    try:
        fall(error, frames - 2)
    except BaseException as caught:  # noqa: BLE001  any exception is a test case
        return caught
    raise AssertionError


def fall(error: BaseException, frames: int) -> None:
    if not frames:
        raise error
    fall_on(error, frames - 1)


def fall_on(error: BaseException, frames: int) -> None:
    """Recurse together with `fall`: Python collapses the recursion of a single function."""
    if not frames:
        raise error
    fall(error, frames - 1)


def with_cause(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return raise_through(error)


def chain(length: int) -> BaseException:
    error: BaseException = raise_through(ValueError("first"))
    for number in range(length):
        error = with_cause(KeyError(number), error)
    return error


def format_trace(error: BaseException, longest: int = LONGEST) -> str:
    return stacktrace(error, longest, lambda text: text.replace("hunter2", "REDACTED"))


def test_a_long_message_removes_no_frame() -> None:
    found = format_trace(raise_through(ValueError(LONG), frames=20))

    assert found.count("File ") == 20
    assert "\nValueError: xxxx" in found
    assert LONGEST - 100 < len(found) <= LONGEST


@pytest.mark.parametrize("cause", ["__cause__", "__context__"])
def test_every_exception_of_a_chain_keeps_its_frames_and_type(cause: str) -> None:
    error = ValueError(LONG)
    setattr(error, cause, raise_through(KeyError(LONG), frames=3))

    found = format_trace(raise_through(error, frames=5))

    assert found.count("File ") == 3 + 5
    assert "\nKeyError: 'xxx" in found
    assert "\nValueError: xxx" in found
    assert len(found) <= LONGEST


def test_a_group_keeps_its_frames_and_types() -> None:
    group = BaseExceptionGroup(
        LONG, [raise_through(ValueError(LONG), frames=4), raise_through(OSError(LONG))]
    )

    found = format_trace(raise_through(group))

    assert "Group: xxx" in found
    assert "ValueError: xxx" in found
    assert "OSError: xxx" in found
    assert found.count("File ") == 2 + 4 + 2
    assert len(found) <= LONGEST


def test_a_deep_recursion_keeps_its_first_and_last_frames() -> None:
    found = format_trace(raise_through(ValueError(LONG), frames=500)).splitlines()

    assert found[0] == "Traceback (most recent call last):"
    assert "in raise_through" in found[1]
    assert "  [Frames omitted]" in found
    assert "in fall" in found[-3]
    assert found[-1].startswith("ValueError: xxx")


BOUNDED: dict[str, Callable[[], BaseException]] = {
    "chain": lambda: chain(40),
    "long chain": lambda: chain(2000),
    "wide group": lambda: BaseExceptionGroup("many", [raise_through(ValueError(LONG))] * 200),
    "notes": lambda: with_notes(raise_through(ValueError("x")), [LONG] * 50),
    "many lines": lambda: raise_through(ValueError("x\n" * 100_000)),
    "own cause": lambda: own_cause(raise_through(ValueError(LONG))),
    "no frames": lambda: ValueError(LONG),
}


def with_notes(error: BaseException, notes: list[str]) -> BaseException:
    error.__notes__ = notes
    return error


def own_cause(error: BaseException) -> BaseException:
    error.__context__ = KeyError(LONG)
    error.__context__.__context__ = error
    return error


@pytest.mark.parametrize("case", BOUNDED)
@pytest.mark.parametrize("longest", [10, 300, 3000, LONGEST])
def test_the_stack_trace_of_every_exception_is_bounded(case: str, longest: int) -> None:
    error = BOUNDED[case]()
    started = time.process_time()

    found = format_trace(error, longest)

    assert 0 < len(found) <= longest
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("longest", [300, 3000, LONGEST])
def test_the_type_of_the_last_exception_is_kept(longest: int) -> None:
    assert "ValueError: x" in format_trace(raise_through(ValueError(LONG), frames=50), longest)


def test_a_small_stack_trace_equals_that_of_python() -> None:
    error = raise_through(ValueError("no"))

    assert format_trace(error).startswith("Traceback (most recent call last):\n  File ")
    assert format_trace(error).endswith("\nValueError: no\n")


@pytest.mark.parametrize("place", [0, LONGEST - 20, LONGEST - 3, 5 * LONGEST])
def test_no_secret_is_truncated_before_it_is_redacted(place: int) -> None:
    message = f"{'x' * place} hunter2 {'x' * 100_000}"

    assert "hunt" not in format_trace(raise_through(partial(ValueError, message)()))
