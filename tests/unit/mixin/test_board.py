"""Positions of panels, and their required fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.grafana.dashboard import GRID_COLUMNS
from sightline.mixin.grafana.board import Dashboard, Row, place_rows, widths
from sightline.mixin.grafana.charts import TimeSeries
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.vocabulary import Unit

NUMBER = Stat(
    title="Requests",
    description="None: nothing is answered.",
    unit=Unit.REQUESTS_PER_SECOND,
    queries=(InstantQuery(expr="sum(rate(requests_total[1m]))"),),
)
CURVES = TimeSeries(
    title="Requests over time",
    description="A cliff is an outage.",
    unit=Unit.REQUESTS_PER_SECOND,
    queries=(Query(expr="rate(requests_total[1m])", legend="{{job}}"),),
)


def places(*rows: Row) -> list[tuple[int, int, int, int]]:
    """Return left, top, width and height of every row and panel."""
    grids: list[Any] = [panel["gridPos"] for panel in place_rows(rows)]
    return [(grid["x"], grid["y"], grid["w"], grid["h"]) for grid in grids]


def test_a_line_is_shared_evenly_and_as_high_as_its_highest_panel() -> None:
    row = Row(title="Now", lines=((NUMBER, CURVES), (CURVES,)))

    assert places(row) == [(0, 0, 24, 1), (0, 1, 12, 9), (12, 1, 12, 9), (0, 10, 24, 9)]


def test_a_folded_row_takes_one_line_and_holds_its_panels() -> None:
    folded = Row(title="Rarely needed", lines=((CURVES,),), folded=True)

    row, after = place_rows([folded, Row(title="Next", lines=())])

    assert (row["collapsed"], len(row["panels"]), after["gridPos"]["y"]) == (True, 1, 1)  # type: ignore[arg-type,index]  # JSON is object


def test_ids_count_from_the_top() -> None:
    row = Row(title="Now", lines=((NUMBER, CURVES),))

    assert [panel["id"] for panel in place_rows([row, row])] == [1, 2, 3, 4, 5, 6]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_every_column_is_used_once(spans: list[int]) -> None:
    shares = widths(spans)

    assert sum(shares) == GRID_COLUMNS


@pytest.mark.parametrize("missing", ["title", "description", "unit", "queries"])
def test_a_panel_needs_title_description_unit_and_queries(missing: str) -> None:
    words: dict[str, Any] = {"title": "t", "description": "d", "unit": Unit.RATIO, "queries": ()}
    del words[missing]

    with pytest.raises(TypeError, match=missing):
        Stat(**words)


def test_the_file_has_no_database_id() -> None:
    dashboard = Dashboard(
        uid="shop",
        title="Shop",
        description="Do we sell?",
        tags=(),
        variables=(),
        annotations=(),
        links=(),
        rows=(Row(title="Now", lines=((NUMBER,),)),),
    )

    assert "id" not in dashboard.json()
    assert dashboard.text() == dashboard.text()
    assert dashboard.text().endswith("}\n")
