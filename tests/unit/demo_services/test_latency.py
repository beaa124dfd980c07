from statistics import median, quantiles

import pytest

from demo_services.latency import Latency


def draws(name: str) -> list[float]:
    latency = Latency(name=name, median_seconds=0.006, sigma=0.6)
    return [latency.draw_seconds() for _ in range(10_000)]


def test_two_runs_draw_the_same_durations() -> None:
    assert draws("users read") == draws("users read")


def test_two_kinds_of_work_draw_different_durations() -> None:
    assert draws("users read") != draws("users write")


def test_half_of_the_draws_are_below_the_median() -> None:
    assert median(draws("users read")) == pytest.approx(0.006, rel=0.05)


def test_the_slowest_in_a_thousand_are_far_out_in_the_tail() -> None:
    assert quantiles(draws("users read"), n=1000)[-1] > 0.04
