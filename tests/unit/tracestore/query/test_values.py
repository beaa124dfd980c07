"""Values of Jaeger's API in Go's formats."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.search_tags import parse_string_map
from sightline.tracestore.query.values import (
    duration_text,
    parse_bool,
    parse_duration,
    parse_int,
    parse_rfc3339,
    rfc3339,
    time_text,
)

SECOND = 10**9
NANOSECONDS = st.integers(min_value=0, max_value=253_402_300_799 * SECOND)
"""Up to the last second of the year 9999."""


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1ns", 1),
        ("1.5us", 1500),
        ("2µs", 2000),
        ("100ms", 100_000_000),
        (".5s", SECOND // 2),
        ("1h2m3s", 3723 * SECOND),
        ("-1.s", -SECOND),
    ],
)
def test_a_duration_is_parsed(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@given(st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1))
def test_a_formatted_duration_parses_to_the_same_value(nanoseconds: int) -> None:
    assert parse_duration(duration_text(nanoseconds)) == nanoseconds


@given(NANOSECONDS)
def test_a_formatted_time_parses_to_the_same_value(nanoseconds: int) -> None:
    assert parse_rfc3339(rfc3339(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (1, "1ns"), (1100, "1.1µs"), (53_000_000, "53ms"), (7201 * SECOND, "2h0m1s")],
)
def test_a_duration_is_formatted(nanoseconds: int, text: str) -> None:
    assert duration_text(nanoseconds) == text


def test_a_formatted_time_has_no_trailing_zeros() -> None:
    assert time_text(1_795_440_002_000_100_000) == "2026-11-23 13:20:02.0001 +0000 UTC"
    assert rfc3339(1_795_440_002_125_000_000) == "2026-11-23T13:20:02.125Z"


def test_a_time_may_have_an_offset() -> None:
    assert parse_rfc3339("2026-11-23T15:20:00.5+02:00") == 1_795_440_000_500_000_000


INVALID = {
    parse_int: ("", "abc", "1.5", "9" * 5000, str(2**63)),
    parse_bool: ("", "yes"),
    parse_duration: ("", "5", "5x", "-", "1s ", "1d", "9999999h"),
    parse_rfc3339: ("1", "2026-11-24T00:00:00 00:00", "2026-02-30T00:00:00Z", "Zulu"),
    parse_string_map: ("", "bad", "{b", "[]", '{"a": 5}', "[" * 100_000),
}


@pytest.mark.parametrize(
    ("parse", "value"), [(parse, value) for parse, values in INVALID.items() for value in values]
)
def test_an_invalid_value_is_refused(parse: Callable[[str], object], value: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse(value)


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_an_error(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(parse_duration(text), int)
