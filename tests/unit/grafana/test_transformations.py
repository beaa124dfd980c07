"""Transformations of small frames."""

import pytest

from sightline.grafana.dashboard import Transformation
from sightline.grafana.frame import Frame
from sightline.grafana.transformations import transform
from tests.viewing import cells, columns, numbers


def step(id_: str, *, disabled: bool = False, **options: object) -> Transformation:
    return Transformation(id=id_, options=options, disabled=disabled)


def test_merge_joins_rows_with_equal_shared_columns() -> None:
    frames = [
        columns(job=["users", "orders"], up=[1.0, 2.0]),
        columns(ref_id="B", job=["orders", "jaeger"], rate=[5.0, 6.0]),
    ]

    [merged] = transform(frames, [step("merge")])

    assert cells(merged) == {
        "job": ["users", "orders", "jaeger"],
        "up": [1.0, 2.0, None],
        "rate": [None, 5.0, 6.0],
    }


def test_organize_hides_orders_and_renames_columns() -> None:
    [frame] = transform(
        [columns(Time=[1.0], job=["users"], Value=[2.0])],
        [
            step(
                "organize",
                excludeByName={"Time": True},
                indexByName={"Value": 0, "job": 1},
                renameByName={"Value": "Rate", "job": "Service"},
            )
        ],
    )

    assert cells(frame) == {"Rate": [2.0], "Service": ["users"]}


def test_join_by_field_fills_missing_values() -> None:
    frames = [columns(job=["a", "b"], up=[1.0, 2.0]), columns(job=["b"], rate=[3.0])]

    [joined] = transform(frames, [step("joinByField", byField="job", mode="outer")])
    [inner] = transform(frames, [step("joinByField", byField="job", mode="inner")])

    assert cells(joined) == {"job": ["a", "b"], "up": [1.0, 2.0], "rate": [None, 3.0]}
    assert cells(inner) == {"job": ["b"], "up": [2.0], "rate": [3.0]}


def test_sort_by_puts_empty_cells_last() -> None:
    [frame] = transform(
        [columns(v=[2.0, None, 3.0])], [step("sortBy", sort=[{"field": "v", "desc": True}])]
    )

    assert cells(frame) == {"v": [3.0, 2.0, None]}


def test_fields_are_kept_by_name_and_by_pattern() -> None:
    frames = [columns(job=["a"], up=[1.0], upset=[2.0])]

    [named] = transform(frames, [step("filterFieldsByName", include={"names": ["up"]})])
    [matched] = transform(frames, [step("filterFieldsByName", include={"pattern": "^up"})])

    assert list(cells(named)) == ["up"]
    assert list(cells(matched)) == ["up", "upset"]


def test_calculate_field_combines_two_columns_or_reduces_a_row() -> None:
    frames = [columns(errors=[1.0, 2.0], all=[4.0, 0.0])]
    ratio = step(
        "calculateField",
        mode="binary",
        alias="ratio",
        binary={"left": "errors", "operator": "/", "right": "all"},
    )
    total = step("calculateField", mode="reduceRow", alias="sum", reduce={"reducer": "sum"})

    assert cells(transform(frames, [ratio])[0])["ratio"] == [0.25, None]
    assert cells(transform(frames, [total])[0])["sum"] == [5.0, 2.0]


def test_reduce_makes_a_row_per_series() -> None:
    frames = [numbers("users", 1, 5, 3), numbers("orders", 2, 2, 2)]

    [reduced] = transform(frames, [step("reduce", reducers=["max", "lastNotNull"])])

    assert cells(reduced) == {"Field": ["users", "orders"], "Max": [5, 2], "Last *": [3, 2]}


def test_a_time_series_table_holds_a_series_in_a_cell() -> None:
    [frame] = transform([numbers("users", 1, 5, 3, job="users")], [step("timeSeriesTable")])

    [trend] = cells(frame)["Trend #A"]
    assert (trend.values, trend.value) == ([1, 5, 3], 3)
    assert cells(frame)["job"] == ["users"]


def test_labels_become_columns() -> None:
    frames = [numbers("a", 1, job="users"), numbers("b", 2, job="orders")]

    [frame] = transform(frames, [step("labelsToFields")])

    assert cells(frame)["job"] == ["users", "orders"]
    assert cells(frame)["Value"] == [1, 2]


def test_rows_are_grouped_filtered_and_limited() -> None:
    frames = [columns(job=["a", "b", "a"], v=[1.0, 5.0, 3.0])]
    grouped = step(
        "groupBy",
        fields={"job": {"operation": "groupby"}, "v": {"aggregations": ["sum"]}},
    )
    above = {"fieldName": "v", "config": {"id": "greater", "options": {"value": 2}}}

    assert cells(transform(frames, [grouped])[0]) == {"job": ["a", "b"], "v (sum)": [4.0, 5.0]}
    assert cells(transform(frames, [step("filterByValue", filters=[above])])[0])["v"] == [5.0, 3.0]
    assert cells(transform(frames, [step("limit", limitField=1)])[0])["v"] == [1.0]


def test_rows_with_the_same_value_become_a_frame() -> None:
    table = columns(job=["a", "b", "a"], up=[1.0, 2.0, 3.0])

    named = transform([table], [step("partitionByValues", fields=["job"])])
    plain = transform(
        [table], [step("partitionByValues", fields=["job"], naming={"asLabels": False})]
    )

    assert [cells(frame) for frame in named] == [{"up a": [1.0, 3.0]}, {"up b": [2.0]}]
    assert [frame.fields[0].labels for frame in named] == [{"job": "a"}, {"job": "b"}]
    assert [cells(frame) for frame in plain] == [{"a up": [1.0, 3.0]}, {"b up": [2.0]}]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (columns(Time=[1.0, 1.0], up=[1.0, 2.0]), [{"up": [1.0, 2.0]}]),
        (columns(Time=[], up=[]), []),
        (columns(up=[1.0]), [{"up": [1.0]}]),
    ],
    ids=["rows", "no rows", "no such column"],
)
def test_a_table_without_rows_is_dropped_by_a_column_with_one_value(
    table: Frame, expected: list[dict[str, list[float]]]
) -> None:
    drop = step("partitionByValues", fields=["Time"], naming={"asLabels": False})

    assert [cells(frame) for frame in transform([table], [drop])] == expected


def test_series_to_rows_is_newest_first() -> None:
    [frame] = transform([numbers("users", 1, 2)], [step("seriesToRows")])

    assert cells(frame)["Value"] == [2, 1]
    assert cells(frame)["Metric"] == ["users", "users"]


def test_a_step_that_is_disabled_or_unknown_changes_nothing() -> None:
    frames = [columns(v=[1.0])]

    steps = [step("spatial"), step("limit", disabled=True, limitField=0)]

    assert transform(frames, steps) == frames


def test_names_are_rewritten_by_pattern() -> None:
    [frame] = transform(
        [numbers("job users", 1)], [step("renameByRegex", regex="job (.+)", renamePattern="$1")]
    )

    assert "users" in cells(frame)
