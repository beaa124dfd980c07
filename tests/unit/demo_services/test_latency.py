from statistics import median, quantiles

import pytest

from demo_services.latency import Latency


def durations(name: str) -> list[float]:
    latency = Latency(name=name, median_seconds=0.006, sigma=0.6)
    return [latency.draw_seconds() for _ in range(10_000)]


def test_equal_names_give_equal_durations() -> None:
    assert durations("users read") == durations("users read")


def test_different_names_give_different_durations() -> None:
    assert durations("users read") != durations("users write")


def test_half_of_the_durations_are_below_the_median() -> None:
    assert median(durations("users read")) == pytest.approx(0.006, rel=0.05)


def test_the_slowest_of_a_thousand_durations_exceeds_six_medians() -> None:
    assert quantiles(durations("users read"), n=1000)[-1] > 0.04
