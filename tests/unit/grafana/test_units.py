"""Numbers in Grafana's units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.grafana.units import write, write_tick

WRITTEN = [
    (0.7852, "s", None, "785 ms"),
    (0.00012, "s", None, "120 µs"),
    (0.0, "s", None, "0 s"),
    (90.0, "s", None, "1.50 min"),
    (7200.0, "s", None, "2 hours"),
    (3600.0, "s", None, "1 hour"),
    (1500.0, "ms", None, "1.50 s"),
    (22400.0, "µs", None, "22.4 ms"),
    (0.0125, "percentunit", None, "1.25%"),
    (0.0125, "percentunit", 1, "1.2%"),
    (99.9, "percent", None, "99.9%"),
    (12.345, "reqps", None, "12.3 req/s"),
    (12345.0, "reqps", None, "12.3K req/s"),
    (3.0, "ops", None, "3 ops/s"),
    (71303168.0, "bytes", None, "68 MiB"),
    (2000.0, "decbytes", None, "2 kB"),
    (1234567.0, "short", None, "1.23 Mil"),
    (1234567.0, "none", None, "1234567"),
    (7384.0, "dtdurations", None, "2 hours, 3 minutes"),
    (1795608000000.0, "dateTimeAsIso", None, "2026-11-25 12:00:00"),
    (6.3, "suffix:x", None, "6.30 x"),
    (5.0, "sheep", None, "5 sheep"),
    (-0.5, "percentunit", None, "-50%"),
]


@pytest.mark.parametrize(("value", "unit", "decimals", "text"), WRITTEN)
def test_a_value_is_written_in_its_unit(
    value: float, unit: str, decimals: int | None, text: str
) -> None:
    assert str(write(value, unit, decimals)) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.5, "percentunit", "50%"),
        (0.25, "s", "250 ms"),
        (2.5, "short", "2.5"),
        (2500, "ops", "2.5K ops/s"),
    ],
)
def test_a_tick_has_no_trailing_zeros(value: float, unit: str, text: str) -> None:
    assert write_tick(value, unit) == text


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["s", "bytes", "short", "reqps", "h"]),
)
def test_every_number_can_be_written(value: float, unit: str) -> None:
    assert str(write(value, unit))


def test_negative_decimals_are_none() -> None:
    assert str(write(12.6, "short", -1)) == "13"
