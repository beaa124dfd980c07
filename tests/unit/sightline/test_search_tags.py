"""Tags of a search as a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.search_tags import parse_tags, tags_text


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("error", {"error": "true"}),
        ("error=", {"error": ""}),
        ('error=true http.route="/a b"', {"error": "true", "http.route": "/a b"}),
        ("query=a=b", {"query": "a=b"}),
        ('{"a=b": "c", "": "d"}', {"a=b": "c", "": "d"}),
        ('{"a": 1}', {"{a:": "true", "1}": "true"}),
    ],
)
def test_a_text_is_logfmt_or_json(text: str, tags: dict[str, str]) -> None:
    assert parse_tags(text) == tags


@given(tags=st.dictionaries(st.text(), st.text()))
def test_a_written_text_has_the_same_tags(tags: dict[str, str]) -> None:
    assert parse_tags(tags_text(tags)) == tags
