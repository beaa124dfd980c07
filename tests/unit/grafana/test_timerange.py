"""Grafana's time ranges."""

import pytest

from sightline.grafana.timerange import BadTime, TimeRange
from tests.viewing import NOON

WORDS = [
    ("now-15m", NOON - 900),
    ("now-1h-30m", NOON - 5400),
    ("now/d", NOON - 43200),
    ("now/h", NOON),
    ("1795600000000", 1795600000.0),
]


@pytest.mark.parametrize(("words", "seconds"), WORDS)
def test_a_relative_time_is_read_as_in_grafana(words: str, seconds: float) -> None:
    assert TimeRange.parse(words, "now", now=NOON + 1).start == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize("words", ["", "yesterday", "now-15", "now-15m; rm", "-5"])
def test_an_invalid_time_is_named(words: str) -> None:
    with pytest.raises(BadTime, match="expected like now-15m"):
        TimeRange.parse(words, "now", now=NOON)


def test_a_range_that_ends_before_it_starts_is_rejected() -> None:
    with pytest.raises(BadTime, match="the first before the second"):
        TimeRange.parse("now", "now-1h", now=NOON)


@pytest.mark.parametrize(("words", "points", "step"), [("now-5m", 300, 2), ("now-30m", 400, 5)])
def test_the_interval_between_points_is_round(words: str, points: int, step: float) -> None:
    time = TimeRange.parse(words, "now", now=NOON)

    assert time.interval_seconds(points=points, at_least_seconds=2) == step


def test_the_interval_respects_the_point_limit_of_prometheus() -> None:
    time = TimeRange.parse("now-30d", "now", now=NOON)

    assert time.seconds / time.interval_seconds(points=100_000, at_least_seconds=2) < 11_000


OWN_RANGES = [
    ("", "", (-900, 0)),
    ("6h", "", (-21600, 0)),
    ("now-1h", "", (-3600, 0)),
    ("", "1h", (-4500, -3600)),
    ("1h", "1d", (-90000, -86400)),
]


@pytest.mark.parametrize(("length", "shift", "expected"), OWN_RANGES)
def test_a_panel_may_have_its_own_range(
    length: str, shift: str, expected: tuple[float, float]
) -> None:
    dashboard = TimeRange.parse("now-15m", "now", now=NOON)

    own = dashboard.of_panel(time_from=length, time_shift=shift)

    assert (own.start - NOON, own.end - NOON) == expected


def test_an_own_length_does_not_change_a_fixed_range() -> None:
    fixed = TimeRange.parse("1000000", "2000000", now=NOON)

    assert fixed.of_panel(time_from="6h", time_shift="") == fixed


@pytest.mark.parametrize(("length", "shift"), [("soon", ""), ("", "1d/d")])
def test_an_invalid_range_of_a_panel_is_an_error(length: str, shift: str) -> None:
    dashboard = TimeRange.parse("now-15m", "now", now=NOON)

    with pytest.raises(BadTime):
        dashboard.of_panel(time_from=length, time_shift=shift)
