"""Values in Go's spelling."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tracestore.query.values import (
    GoError,
    duration_text,
    parse_bool,
    parse_duration,
    parse_int,
    parse_rfc3339,
    parse_string_map,
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
def test_a_duration_is_read(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@given(st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1))
def test_a_duration_that_is_written_reads_the_same(nanoseconds: int) -> None:
    assert parse_duration(duration_text(nanoseconds)) == nanoseconds


@given(NANOSECONDS)
def test_a_time_that_is_written_reads_the_same(nanoseconds: int) -> None:
    assert parse_rfc3339(rfc3339(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (1, "1ns"), (1100, "1.1µs"), (53_000_000, "53ms"), (7201 * SECOND, "2h0m1s")],
)
def test_a_duration_is_written(nanoseconds: int, text: str) -> None:
    assert duration_text(nanoseconds) == text


def test_a_time_loses_the_zeros_at_its_end() -> None:
    assert time_text(1_795_440_002_000_100_000) == "2026-11-23 13:20:02.0001 +0000 UTC"
    assert rfc3339(1_795_440_002_125_000_000) == "2026-11-23T13:20:02.125Z"


def test_a_time_may_have_an_offset() -> None:
    assert parse_rfc3339("2026-11-23T15:20:00.5+02:00") == 1_795_440_000_500_000_000


@pytest.mark.parametrize(
    ("parse", "value", "complaint"),
    [
        (parse_int, "abc", 'strconv.ParseInt: parsing "abc": invalid syntax'),
        (parse_int, "9" * 5000, "value out of range"),
        (parse_bool, "yes", 'strconv.ParseBool: parsing "yes": invalid syntax'),
        (parse_duration, "5", 'time: missing unit in duration "5"'),
        (parse_duration, "5x", 'time: unknown unit "x" in duration "5x"'),
        (parse_duration, "", 'time: invalid duration ""'),
        (parse_duration, "9999999h", "time: invalid duration"),
        (parse_rfc3339, "1", 'cannot parse "1" as "2006"'),
        (parse_rfc3339, "2026-11-24T00:00:00 00:00", 'cannot parse " 00:00" as "Z07:00"'),
        (parse_rfc3339, "2026-13-24T00:00:00Z", ": month out of range"),
        (parse_rfc3339, "2026-02-30T00:00:00Z", ": day out of range"),
        (parse_rfc3339, "2026-02-03T00:00:00Zulu", ': extra text: "ulu"'),
        (parse_string_map, "[]", "cannot unmarshal array into Go value of type map[string]string"),
        (parse_string_map, '{"a": 5}', "cannot unmarshal number into Go value of type string"),
        (parse_string_map, "bad", "invalid character 'b' looking for beginning of value"),
        (parse_string_map, "{b", "invalid character 'b' looking for beginning of object key"),
        (parse_string_map, "", "unexpected end of JSON input"),
    ],
)
def test_what_go_cannot_read_is_refused_in_its_words(
    parse: Callable[[str], object], value: str, complaint: str
) -> None:
    with pytest.raises(GoError) as refused:
        parse(value)

    assert complaint in str(refused.value)


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_an_error(text: str) -> None:
    with suppress(GoError):
        assert isinstance(parse_duration(text), int)
