"""Durations, and PromQL played faster."""

import pytest

from sightline.mixin import clock


def test_only_ranges_and_offsets_are_divided() -> None:
    promql = 'rate(x_total{route="/5m"}[5m]) / avg_over_time(y[1h] offset 10m) > 300'

    faster = clock.faster(promql, 10)

    assert faster == 'rate(x_total{route="/5m"}[30s]) / avg_over_time(y[6m] offset 1m) > 300'


def test_a_duration_that_cannot_be_divided_is_rejected() -> None:
    with pytest.raises(ValueError, match="5s: expected a whole multiple of 10 s"):
        clock.divided("5s", 10)


@pytest.mark.parametrize(
    ("text", "expected"), [("soon", "expected a duration"), ("1500ms", "expected whole seconds")]
)
def test_text_that_is_not_whole_seconds_is_rejected(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}': {expected}"):
        clock.seconds(text)
