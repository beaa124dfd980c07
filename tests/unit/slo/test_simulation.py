"""Simulation of burn-rate alerts, and the subcommands that print it."""

from fractions import Fraction

import pytest

from sightline.slo import main
from sightline.slo.simulation import Rates, record, simulate_alerts

STEADY = [100.0] * 600
"""100 events per second for five hours, in steps of 30 s."""


def outage(*, after: int, steps: int) -> Rates:
    errors = [0.0] * after + [20.0] * steps + [0.0] * (600 - after - steps)
    return record(STEADY, errors)


def test_a_page_fires_during_an_outage_and_resolves_after_it() -> None:
    found = simulate_alerts(outage(after=200, steps=60), budget=Fraction(1, 1000), min_errors=10)

    page = found[0]
    assert (page.window.severity, page.window.long) == ("critical", "1h")
    assert 200 * 30 + 240 <= page.from_seconds <= 200 * 30 + 420
    assert page.until_seconds is not None


def test_no_alert_fires_below_the_minimum_number_of_errors() -> None:
    assert (
        simulate_alerts(outage(after=200, steps=60), budget=Fraction(1, 1000), min_errors=10**6)
        == []
    )


def test_no_alert_fires_without_errors() -> None:
    assert (
        simulate_alerts(record(STEADY, [0.0] * 600), budget=Fraction(1, 1000), min_errors=0) == []
    )


def test_explain_prints_the_time_to_the_first_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0

    printed = capsys.readouterr().out
    assert "gateway / availability: 99.5 % over 30d. 0.5 % of events may be bad" in printed
    assert "100 %         6m30s        52m30s         3h36m" in printed


def test_simulate_prints_the_alerts(capsys: pytest.CaptureFixture[str]) -> None:
    main(["simulate", "--objective", "99.9", "--errors", "20%", "--for", "30m"])

    printed = capsys.readouterr().out
    assert (
        "20 % errors for 30m at 100 events/s spend 13.88 % of a 30-day budget of 0.1 %." in printed
    )
    assert "critical (1h, 14.4x)" in printed


def test_an_invalid_percentage_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "--objective", "many", "--errors", "2", "--for", "30m"])

    assert "'many': expected a percentage, like 99.9" in capsys.readouterr().err
