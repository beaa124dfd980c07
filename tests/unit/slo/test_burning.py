"""`sightline slo` says of an outage what the rules would do about it."""

from fractions import Fraction

import pytest

from sightline.slo import main
from sightline.slo.burning import Course, firings, recorded

STEADY = [100.0] * 600
"""Five hours of a hundred events a second, a step every 30 s."""


def outage(*, after: int, steps: int) -> Course:
    errors = [0.0] * after + [20.0] * steps + [0.0] * (600 - after - steps)
    return recorded(STEADY, errors)


def test_a_fifth_of_bad_events_pages_and_stops_after_it_ended() -> None:
    found = firings(outage(after=200, steps=60), budget=Fraction(1, 1000), min_errors=10)

    page = found[0]
    assert (page.window.severity, page.window.long) == ("critical", "1h")
    assert 200 * 30 + 240 <= page.from_seconds <= 200 * 30 + 420
    assert page.until_seconds is not None


def test_nothing_alerts_below_the_least_number_of_errors() -> None:
    assert firings(outage(after=200, steps=60), budget=Fraction(1, 1000), min_errors=10**6) == []


def test_a_good_service_never_alerts() -> None:
    assert firings(recorded(STEADY, [0.0] * 600), budget=Fraction(1, 1000), min_errors=0) == []


def test_explain_says_how_soon_a_page_comes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0

    said = capsys.readouterr().out
    assert "gateway / availability: 99.5 % over 30d. 0.5 % of events may be bad" in said
    assert "100 %         6m30s        52m30s         3h36m" in said


def test_simulate_names_the_alerts(capsys: pytest.CaptureFixture[str]) -> None:
    main(["simulate", "--objective", "99.9", "--errors", "20%", "--for", "30m"])

    said = capsys.readouterr().out
    assert "20 % errors for 30m at 100 events/s spend 13.88 % of a 30-day budget of 0.1 %." in said
    assert "critical (1h, 14.4x)" in said


def test_a_wrong_percentage_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "--objective", "many", "--errors", "2", "--for", "30m"])

    assert "'many': expected a percentage, like 99.9" in capsys.readouterr().err
