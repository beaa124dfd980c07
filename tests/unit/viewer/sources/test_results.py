"""Answers of Prometheus as frames."""

from sightline.viewer.sources.results import heatmap, legend_text, table, time_series
from tests.viewing import cells, series


def test_each_series_is_a_frame_named_by_its_legend() -> None:
    frames = time_series(
        [series(1, 2, job="users"), series(3, 4, job="orders")],
        ref_id="A",
        legend="{{job}}",
        expr="up",
    )

    assert [frame.numbers[0].title for frame in frames] == ["users", "orders"]
    assert frames[0].numbers[0].values == [1, 2]


def test_nan_and_infinity_are_gaps() -> None:
    [frame] = time_series([series(1, float("nan"), float("inf"))], ref_id="A", legend="", expr="up")

    assert frame.numbers[0].values == [1, None, None]


def test_an_automatic_legend_shows_labels_or_the_expression() -> None:
    assert legend_text("__auto", {"job": "users"}, "up") == "users"
    assert legend_text("__auto", {}, "sum(up)") == "sum(up)"
    assert legend_text("", {"__name__": "up", "b": "2", "a": "1"}, "") == 'up{a="1", b="2"}'
    assert legend_text("{{ job }} {{gone}}", {"job": "users"}, "") == "users "


def test_value_columns_of_several_queries_are_numbered() -> None:
    frames = table([("A", [series(1, job="users")]), ("B", [series(2, job="users")])])

    assert [list(cells(frame)) for frame in frames] == [
        ["Time", "job", "Value #A"],
        ["Time", "job", "Value #B"],
    ]


def test_only_several_queries_without_series_have_columns() -> None:
    [alone] = table([("A", [])])
    one, other = table([("A", []), ("B", [])])

    assert list(cells(alone)) == []
    assert (list(cells(one)), list(cells(other))) == (["Time", "Value #A"], ["Time", "Value #B"])


def test_cumulative_buckets_become_counts_per_bucket() -> None:
    [frame] = heatmap(
        [series(5, 9, le="+Inf"), series(1, 2, le="0.1"), series(4, 8, le="0.5")], ref_id="A"
    )

    assert cells(frame) | {"Time": []} == {
        "Time": [],
        "0.1": [1, 2],
        "0.5": [3, 6],
        "+Inf": [1, 1],
    }
