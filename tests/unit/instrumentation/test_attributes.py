"""Attribute values are small enough for a receiver that indexes them."""

import base64
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrumentation._spans.sanitizer import (
    DEFAULT_MAX_BYTES,
    MAX_KEY_LENGTH,
    sanitize_value,
    truncate,
)
from instrumentation.settings import LENGTH_LIMIT
from tests.strategies import LARGE_VALUES

EMOJI = "\U0001f600"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 100_000, LENGTH_LIMIT),
        ("ä" * 100_000, LENGTH_LIMIT),
        ("界" * 100_000, LENGTH_LIMIT),
        (EMOJI * 100_000, DEFAULT_MAX_BYTES // 4),
        ("\udc80" * 100_000, DEFAULT_MAX_BYTES),
    ],
    ids=["ascii", "two bytes", "three bytes", "four bytes", "surrogates, escaped"],
)
def test_a_text_is_truncated_by_characters_and_by_bytes(text: str, kept: int) -> None:
    assert len(truncate(text, LENGTH_LIMIT)) == kept


@pytest.mark.parametrize(
    ("longest", "kept"), [(3, 3), (12_000, 12_000), (20_000, 15_000), (100_000, 75_000)]
)
def test_a_limit_of_the_user_counts_characters(longest: int, kept: int) -> None:
    assert len(truncate(EMOJI * 200_000, longest)) == kept


def test_a_character_is_never_split() -> None:
    assert set(truncate("x" + EMOJI * 100_000, LENGTH_LIMIT)) == {"x", EMOJI}


def test_bytes_are_truncated_by_their_number() -> None:
    assert sanitize_value(b"x" * 40_000, LENGTH_LIMIT) == b"x" * LENGTH_LIMIT


@given(LARGE_VALUES)
def test_an_array_or_map_fits_into_one_key_of_an_index(value: object) -> None:
    kept = sanitize_value(value, LENGTH_LIMIT)

    assert indexed_bytes(kept) <= DEFAULT_MAX_BYTES + MAX_KEY_LENGTH


def indexed_bytes(value: object) -> int:
    """Return the size of *value* as Jaeger indexes it: the JSON of Go, in bytes."""
    document = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_base64)
    escaped = document.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return len(escaped.encode("utf-8", "backslashreplace"))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@given(st.lists(st.text(max_size=50), max_size=20))
def test_a_small_array_is_kept_whole(value: list[str]) -> None:
    assert sanitize_value(value, LENGTH_LIMIT) == tuple(value)


def test_the_beginning_of_a_large_array_is_kept() -> None:
    kept = sanitize_value(["x" * 20_000] * 5, LENGTH_LIMIT)

    assert isinstance(kept, tuple)
    assert [len(item) for item in kept[:2]] == [LENGTH_LIMIT, LENGTH_LIMIT]
    assert sum(len(item) for item in kept) > DEFAULT_MAX_BYTES - 100


def test_a_key_in_a_map_is_truncated() -> None:
    kept = sanitize_value({"k" * 100_000: 1}, LENGTH_LIMIT)

    assert isinstance(kept, Mapping)
    assert list(kept) == ["k" * MAX_KEY_LENGTH]


def test_without_a_limit_nothing_is_truncated() -> None:
    assert sanitize_value(["x" * 100_000], None) == ("x" * 100_000,)
