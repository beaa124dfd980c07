"""Substitution of variables as in Grafana."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.grafana.interpolation import Value
from tests.viewing import scope

PROMQL = [
    ('up{job="$job"}', 'up{job="gateway"}'),
    ('up{job=~"${jobs}"}', 'up{job=~"(orders|users)"}'),
    ('up{path=~"${path:regex}"}', r'up{path=~"(/a\.b|/c)"}'),
    ('up{path=~"$path"}', r'up{path=~"(/a\\.b|/c)"}'),
    ('up{job=~"${jobs:pipe}"}', 'up{job=~"orders|users"}'),
    ("rate(x[$__rate_interval])", "rate(x[12s])"),
    ("rate(x[$__interval])", "rate(x[10s])"),
    ("increase(x[$__range])", "increase(x[3600s])"),
    ("x * $__range_s", "x * 3600"),
    ("x{a='$unknown'}", "x{a='$unknown'}"),
    ("[[job]]", "gateway"),
]


@pytest.mark.parametrize(("text", "filled"), PROMQL)
def test_variables_in_promql_are_substituted(text: str, filled: str) -> None:
    given = scope(job="gateway", jobs=["orders", "users"], path=["/a.b", "/c"])

    assert given.promql(text) == filled


def test_all_is_substituted_by_its_pattern() -> None:
    everything = Value(values=(".+",), texts=("All",), several=True, verbatim=True, everything=True)
    given = replace(scope(), variables={"job": everything})

    assert given.promql('{job=~"$job"}') == '{job=~".+"}'
    assert given.plain("of $job") == "of All"
    assert given.url("/d/x?${job:queryparam}") == "/d/x?var-job=%24__all"


def test_the_rate_interval_spans_at_least_four_scrapes() -> None:
    assert scope(interval_seconds=2).promql("[$__rate_interval]") == "[8s]"


def test_a_link_contains_time_range_variables_and_value() -> None:
    given = scope(job="a&b").with_data({"__value": {"raw": "/x?y"}})

    url = given.url("/d/route?${job:queryparam}&var-route=${__value.raw}&${__url_time_range}")

    assert url == "/d/route?var-job=a%26b&var-route=%2Fx%3Fy&from=now-1h&to=now"


def test_a_link_refers_to_other_cells_of_its_row() -> None:
    given = scope().with_data({"__data": {"fields": {"Trace ID": "abc"}}})

    assert given.url('/trace/${__data.fields["Trace ID"]}') == "/trace/abc"


def test_a_column_that_the_row_does_not_have_is_empty() -> None:
    given = scope().with_data({"__data": {"fields": {"Service": "orders"}}})

    assert given.url("?var-cluster=${__data.fields.Cluster:percentencode}") == "?var-cluster="


@given(st.text(min_size=1))
def test_a_value_is_escaped_inside_a_string(value: str) -> None:
    filled = scope(job=value).promql('{job="$job"}')

    inside = filled.removeprefix('{job="').removesuffix('"}')
    assert '"' not in inside.replace("\\\\", "").replace('\\"', "")


@pytest.mark.parametrize(
    ("style", "written"),
    [
        ("raw", "a,b"),
        ("pipe", "a|b"),
        ("text", "a + b"),
        ("percentencode", "%7Ba%2Cb%7D"),
        ("queryparam", "var-v=a&var-v=b"),
    ],
)
def test_several_values_are_written_in_the_given_format(style: str, written: str) -> None:
    assert scope(v=["a", "b"]).plain(f"${{v:{style}}}") == written
