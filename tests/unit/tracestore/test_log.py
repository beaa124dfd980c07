"""Repeated log lines."""

import asyncio
import logging

import pytest

from sightline.tracestore.log import LINES, RepeatLimit, is_no_cancellation


class Clock:
    """Clock that the test advances."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def passed(limit: RepeatLimit, message: str, *values: object, times: int = 1) -> list[str]:
    """Log *message* and return the lines that pass."""
    records = [
        logging.LogRecord("store", logging.ERROR, "", 0, message, values, None)
        for _ in range(times)
    ]
    return [record.getMessage() for record in records if limit.filter(record)]


def test_a_repeated_message_is_limited_whatever_its_values() -> None:
    limit = RepeatLimit(clock=Clock())

    lines = [line for n in range(500) for line in passed(limit, "request %d failed", n)]

    assert lines == [f"request {number} failed" for number in range(LINES)]


def test_another_message_is_not_affected() -> None:
    limit = RepeatLimit(clock=Clock())
    passed(limit, "disk is full", times=500)

    assert passed(limit, "expired") == ["expired"]


def test_the_next_period_says_how_many_lines_were_left_out() -> None:
    clock = Clock()
    limit = RepeatLimit(clock=clock)
    passed(limit, "disk is full", times=500)
    clock.seconds = 60.0

    assert passed(limit, "disk is full", times=2) == [
        f"disk is full ({500 - LINES} more of these in the last period)",
        "disk is full",
    ]


@pytest.mark.parametrize(
    ("error", "logged"), [(asyncio.CancelledError(), False), (ValueError(), True)]
)
def test_requests_that_the_end_cancels_are_not_logged(
    error: BaseException, *, logged: bool
) -> None:
    raised = (type(error), error, None)
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "failed", (), raised)

    assert is_no_cancellation(record) is logged
