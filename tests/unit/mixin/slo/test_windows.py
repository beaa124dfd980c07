"""Factors of the burn-rate alerts for each length of a period."""

import pytest

from sightline.mixin.slo.windows import burn_windows


@pytest.mark.parametrize(
    ("days", "factors"),
    [
        (7, [13.44, 3.5, 1.4, 0.98]),
        (28, [13.44, 5.6, 2.8, 0.933333]),
        (30, [14.4, 6, 3, 1]),
        (90, [43.2, 18, 9, 3]),
    ],
)
def test_factors_scale_with_the_period(days: int, factors: list[float]) -> None:
    assert [window.factor for window in burn_windows(days)] == factors


def test_factors_between_a_week_and_four_are_between_theirs() -> None:
    week, between, month = (burn_windows(days)[1].factor for days in (7, 14, 28))

    assert week < between < month
