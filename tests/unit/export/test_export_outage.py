"""The log has a line when an outage begins and one when it is over."""

from itertools import count

import pytest

from instrumentation._export.outage_log import OutageLog
from instrumentation._export.queue import ExportStats, SpanQueue
from instrumentation._export.worker import Pauses
from instrumentation._settings.export import ExportSettings
from instrumentation._support.redaction import printable

NOTHING: ExportStats = SpanQueue(ExportSettings.from_env({})).stats()


def log_with_a_clock_of(seconds: float) -> OutageLog:
    """Every look at the clock takes *seconds*."""
    ticks = count(step=seconds)
    return OutageLog("http://c", clock=lambda: next(ticks))


def test_an_outage_is_two_lines_however_long(caplog: pytest.LogCaptureFixture) -> None:
    log = log_with_a_clock_of(20)

    log.failed("refused")
    log.failed("refused")
    log.recovered(NOTHING)
    log.recovered(NOTHING)

    beginning, end = caplog.messages
    assert beginning.startswith("export to http://c fails (refused)")
    assert end.startswith("export to http://c works again after 40.0 s")


def test_a_collector_that_fails_every_other_time_does_not_flood_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = log_with_a_clock_of(0.001)

    log.failed("503")
    log.recovered(NOTHING)
    log.failed("503")
    log.recovered(NOTHING)

    assert len(caplog.records) == 2


def test_losses_of_a_reason_are_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    log = log_with_a_clock_of(25)

    log.lost(1, "rejected", "quota")
    log.lost(2, "rejected", "quota")
    log.lost(3, "refused", "400")
    log.lost(4, "rejected", "quota")

    told = [message.partition(" lost ")[2].partition(" ")[0] for message in caplog.messages]
    assert told == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [("plain", "plain"), ("a\nb\x1b[31m", r"a\nb\x1b[31m"), ("x" * 999, "x" * 200)],
)
def test_a_foreign_message_stays_on_its_line(message: str, shown: str) -> None:
    assert printable(message) == shown


def test_pauses_double_up_to_a_bound_and_begin_again_after_success() -> None:
    pauses = Pauses(lambda: 0.5)

    growing = [pauses.next() for _ in range(5)]
    pauses.reset()

    assert [*growing, pauses.next()] == [0.25, 0.5, 1.0, 2.0, 2.0, 0.25]


def test_pauses_are_scattered_by_a_fifth() -> None:
    shortest, longest = Pauses(lambda: 0.0).next(), Pauses(lambda: 1.0).next()

    assert [shortest, longest] == pytest.approx([0.2, 0.3])
