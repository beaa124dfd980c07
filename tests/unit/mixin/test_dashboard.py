"""Positions of panels, and their required fields."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.grafana.dashboard import GRID_COLUMNS
from sightline.mixin import dashboards
from sightline.mixin.grafana.dashboard import (
    MAX_PANEL_ID,
    Dashboard,
    Row,
    divide_grid,
    panel_id,
    place_rows,
)
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import TimeSeries

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
NEW = replace(NUMBER, title="A panel that no dashboard has")


def places(*rows: Row) -> list[tuple[int, int, int, int]]:
    """Return left, top, width and height of every row and panel."""
    grids: list[Any] = [panel["gridPos"] for panel in place_rows("shop", rows)]
    return [(grid["x"], grid["y"], grid["w"], grid["h"]) for grid in grids]


def test_a_line_is_shared_evenly_and_as_high_as_its_highest_panel() -> None:
    row = Row(title="Now", lines=((NUMBER, CURVES), (NEW,)))

    assert places(row) == [(0, 0, 24, 1), (0, 1, 12, 9), (12, 1, 12, 9), (0, 10, 24, 3)]


def test_a_collapsed_row_takes_one_line_and_holds_its_panels() -> None:
    collapsed = Row(title="Rarely needed", lines=((CURVES,),), collapsed=True)

    row, after = place_rows("shop", [collapsed, Row(title="Next", lines=())])

    assert (row["collapsed"], len(row["panels"]), after["gridPos"]["y"]) == (True, 1, 1)  # type: ignore[arg-type,index]  # JSON is object


def by_title(dashboard: Dashboard) -> dict[object, Any]:
    """Return the JSON of every row and panel, without its position, by title."""
    drawn: Any = dashboard.json()["panels"]
    below = [panel for row in drawn for panel in row.get("panels", ())]
    return {
        (panel["type"] == "row", panel["title"]): {**panel, "gridPos": None, "panels": None}
        for panel in [*drawn, *below]
    }


@pytest.mark.parametrize("dashboard", dashboards.ALL, ids=lambda dashboard: dashboard.uid)
@pytest.mark.parametrize("row", [0, -1], ids=["first row", "last row"])
def test_an_added_panel_changes_no_other_panel(dashboard: Dashboard, row: int) -> None:
    rows = list(dashboard.rows)
    rows[row] = replace(rows[row], lines=((NEW,), *rows[row].lines))
    before = by_title(dashboard)

    after = by_title(replace(dashboard, rows=tuple(rows)))

    added = after.pop((False, NEW.title))
    assert after == before
    assert added["id"] not in {panel["id"] for panel in before.values()}


def test_a_title_used_twice_in_a_row_is_refused() -> None:
    row = Row(title="Now", lines=((NUMBER,), (NUMBER,)))
    twice = 'panel "Requests" of row "Now" and panel "Requests" of row "Now" have the same id'

    with pytest.raises(ValueError, match=twice):
        list(place_rows("shop", [row]))


def test_two_titles_with_the_same_hash_are_refused() -> None:
    panels = tuple(replace(NUMBER, title=title) for title in ("Panel 202", "Panel 72682"))

    with pytest.raises(ValueError, match=r'"Panel 202" .* and panel "Panel 72682" .* same id'):
        list(place_rows("shop", [Row(title="Now", lines=(panels,))]))


def test_a_title_may_stand_in_two_rows() -> None:
    rows = [Row(title=title, lines=((NUMBER,),)) for title in ("Now", "Before")]

    assert len({panel["id"] for panel in place_rows("shop", rows)}) == 4


@given(st.text(), st.text(), st.text())
def test_an_id_is_positive_and_fits_32_bits(uid: str, row: str, title: str) -> None:
    assert 1 <= panel_id(uid, row, title) <= MAX_PANEL_ID


def test_an_id_is_the_same_in_every_release() -> None:
    assert panel_id("shop", "Now", "Panel 202") == 706220261


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_every_column_is_used_once(spans: list[int]) -> None:
    shares = divide_grid(spans)

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
