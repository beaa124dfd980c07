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
