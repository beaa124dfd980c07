"""Durations, and PromQL with divided durations."""

import pytest

from sightline.mixin import clock


def test_only_ranges_and_offsets_are_divided() -> None:
    promql = 'rate(x_total{route="/5m"}[5m]) / avg_over_time(y[1h] offset 10m) > 300'

    divided = clock.divide_all(promql, 10)

    assert divided == 'rate(x_total{route="/5m"}[30s]) / avg_over_time(y[6m] offset 1m) > 300'


def test_the_step_of_a_subquery_is_divided() -> None:
    divided = clock.divide_all("sum_over_time(a:b:c[1h:5m] offset 10m)", 10)

    assert divided == "sum_over_time(a:b:c[6m:30s] offset 1m)"


def test_a_duration_that_cannot_be_divided_is_rejected() -> None:
    with pytest.raises(ValueError, match="5s: expected a whole multiple of 10 s"):
        clock.divide("5s", 10)


@pytest.mark.parametrize(
    ("written", "raised"),
    [
        ("rate(x_total[5m])", "rate(x_total[8m])"),
        ('rate(x_total{a="[5m]"}[5m] offset 5m)', 'rate(x_total{a="[5m]"}[8m] offset 8m)'),
        ("rate(x_total[15m])", "rate(x_total[15m])"),
        ("sum_over_time(a:b:c[5m])", "sum_over_time(a:b:c[5m])"),
        ('sum_over_time(a:b:c{d="e"}[1h:5m])', 'sum_over_time(a:b:c{d="e"}[1h:5m])'),
        ("min_over_time(vector(1)[5m:1m])", "min_over_time(vector(1)[8m:1m])"),
        ("x unless x offset 30s", "x unless x offset 30s"),
    ],
)
def test_ranges_of_scraped_series_hold_enough_scrapes(written: str, raised: str) -> None:
    assert clock.raise_all(written, 8 * 60) == raised


@pytest.mark.parametrize(
    ("text", "expected"), [("soon", "expected a duration"), ("1500ms", "expected whole seconds")]
)
def test_text_that_is_not_whole_seconds_is_rejected(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}': {expected}"):
        clock.seconds(text)
