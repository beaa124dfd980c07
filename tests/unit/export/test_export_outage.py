"""Log lines of an outage, and the backoff between attempts."""

import random
from itertools import count

import pytest

from instrumentation._export.outage_log import OutageLog
from instrumentation._export.processor import ExportStats
from instrumentation._export.queue import SpanQueue
from instrumentation._export.worker import Backoff
from instrumentation._settings.export import ExportSettings
from instrumentation._support.redaction import escape_for_log

EMPTY: ExportStats = SpanQueue(ExportSettings.from_env({})).stats()


def log_with_clock_step(seconds: float) -> OutageLog:
    """Return a log whose clock advances by *seconds* per call."""
    ticks = count(step=seconds)
    return OutageLog("http://c", clock=lambda: next(ticks))


def test_an_outage_logs_its_start_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    log = log_with_clock_step(20)

    log.attempt_failed("refused")
    log.attempt_failed("refused")
    log.attempt_succeeded(EMPTY)
    log.attempt_succeeded(EMPTY)

    beginning, end = caplog.messages
    assert beginning.startswith("export to http://c fails (refused)")
    assert end.startswith("export to http://c works again after 40.0 s")


def test_a_collector_that_fails_every_other_time_logs_one_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = log_with_clock_step(0.001)

    log.attempt_failed("503")
    log.attempt_succeeded(EMPTY)
    log.attempt_failed("503")
    log.attempt_succeeded(EMPTY)

    assert len(caplog.records) == 2


def test_losses_are_logged_once_a_minute_per_reason(caplog: pytest.LogCaptureFixture) -> None:
    log = log_with_clock_step(25)

    log.spans_dropped(1, "rejected", "quota")
    log.spans_dropped(2, "rejected", "quota")
    log.spans_dropped(3, "refused", "400")
    log.spans_dropped(4, "rejected", "quota")

    logged = [message.partition(" lost ")[2].partition(" ")[0] for message in caplog.messages]
    assert logged == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [("plain", "plain"), ("a\nb\x1b[31m", r"a\nb\x1b[31m"), ("x" * 999, "x" * 200)],
)
def test_a_message_of_the_collector_is_escaped_and_cut(message: str, shown: str) -> None:
    assert escape_for_log(message) == shown


def test_the_backoff_doubles_up_to_a_bound_until_a_reset() -> None:
    backoff = Backoff(lambda: 0.5)

    growing = [backoff.next() for _ in range(5)]
    backoff.reset()

    assert [*growing, backoff.next()] == [0.25, 0.5, 1.0, 2.0, 2.0, 0.25]


def test_the_backoff_has_a_jitter_of_a_fifth() -> None:
    shortest, longest = Backoff(lambda: 0.0).next(), Backoff(lambda: 1.0).next()

    assert [shortest, longest] == pytest.approx([0.2, 0.3])


def test_the_backoff_leaves_the_random_numbers_of_the_service_alone() -> None:
    before = random.getstate()

    Backoff().next()

    assert random.getstate() == before
