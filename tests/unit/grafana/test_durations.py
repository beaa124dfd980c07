"""Durations of Prometheus and Grafana."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.grafana.durations import duration, seconds


@given(st.integers(min_value=0, max_value=10**7))
def test_a_written_duration_is_read_back(length: int) -> None:
    assert seconds(duration(length)) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [(0, "0s"), (30, "30s"), (1.5, "1500ms"), (5400, "1h30m"), (8640, "2h24m"), (2592000, "30d")],
)
def test_a_duration_is_written_in_its_largest_units(length: float, text: str) -> None:
    assert duration(length) == text


@pytest.mark.parametrize(
    ("text", "length"), [("500ms", 0.5), ("1h30m", 5400), ("1.5s", 1.5), ("2w", 1209600)]
)
def test_a_duration_is_read_in_any_unit(text: str, length: float) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["soon", "", "5", "-5m", "5 m"])
def test_text_that_is_no_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}': expected a duration, like 5m"):
        seconds(text)
