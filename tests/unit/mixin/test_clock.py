"""Durations, and PromQL played faster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.mixin import clock


@given(st.integers(min_value=0, max_value=10**7))
def test_a_duration_survives_spelling(seconds: int) -> None:
    assert clock.seconds(clock.duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "spelt"),
    [(0, "0s"), (30, "30s"), (5400, "1h30m"), (8640, "2h24m"), (2592000, "30d")],
)
def test_a_duration_is_spelt_in_its_largest_units(seconds: int, spelt: str) -> None:
    assert clock.duration(seconds) == spelt


def test_ranges_and_offsets_shrink_and_nothing_else() -> None:
    promql = 'rate(x_total{route="/5m"}[5m]) / avg_over_time(y[1h] offset 10m) > 300'

    faster = clock.faster(promql, 10)

    assert faster == 'rate(x_total{route="/5m"}[30s]) / avg_over_time(y[6m] offset 1m) > 300'


def test_a_duration_that_would_lose_a_part_of_a_second_is_refused() -> None:
    with pytest.raises(ValueError, match="5s: expected a whole multiple of 10 s"):
        clock.divided("5s", 10)


def test_what_is_no_duration_is_named() -> None:
    with pytest.raises(ValueError, match="'soon': expected a duration, like 5m"):
        clock.seconds("soon")
