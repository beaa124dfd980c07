"""Titles, columns and legends of every panel fit in usual windows with the docked side menu."""

from pathlib import Path

import pytest

from sightline.artifacts import DASHBOARDS
from sightline.grafana import layout, units
from sightline.grafana.dashboard import Dashboard, Panel
from sightline.lint.layout import (
    heading_pixels,
    legend_pixels,
    state_name_pixels,
    state_name_space,
    table_pixels,
    title_space,
    widths,
)

FILES = sorted(DASHBOARDS.glob("*.json"))
LEGEND_SHARE = 0.35
"""Maximum share of a panel's height that Grafana gives to a legend below it."""

ROW_PIXELS = 30
LEGEND_ROW_PIXELS = 24

USUAL_VALUES = {"s": 0.1234, "percentunit": 0.9999, "reqps": 123.4, "ops": 123.4}

PLACES = ("Cluster", "Namespace")
"""Columns that exist only if the services have these labels."""


def stem(path: Path) -> str:
    return path.stem


def panels(path: Path) -> list[Panel]:
    return list(Dashboard.read(path).every_panel())


def width(panel: Panel, window: int) -> float:
    return layout.panel_pixels(panel.grid.w, window)


def height(panel: Panel) -> int:
    return panel.grid.h * (ROW_PIXELS + layout.GAP_PIXELS) - layout.GAP_PIXELS


def tables(path: Path) -> list[Panel]:
    return [panel for panel in panels(path) if panel.type == "table"]


def narrow(panel: Panel) -> dict[str, float]:
    """Return the width of each column in the smallest window, without places."""
    return widths(panel, layout.content_pixels(panel.grid.w), hidden=PLACES)


def labels(panel: Panel) -> dict[str, str]:
    """Return the label of each column."""
    titles = [one.options["renameByName"] for one in panel.transformations if one.id == "organize"]
    return {title: label for one in titles for label, title in one.items()}


def number_format(panel: Panel, column: str) -> tuple[str, int | None]:
    """Return unit and decimals of a column, without a unit for labels and times."""
    settings = [one.properties for one in panel.overrides if one.options == column]
    found = next((one for one in settings if "unit" in one and ":" not in str(one["unit"])), {})
    return found.get("unit", ""), found.get("decimals")


@pytest.mark.parametrize("window", layout.WINDOWS)
@pytest.mark.parametrize("path", FILES, ids=stem)
def test_titles_fit_beside_the_icon_and_the_menu(path: Path, window: int) -> None:
    room = {p.title: title_space(p, window) for p in panels(path)}

    assert [title for title, given in room.items() if layout.title_pixels(title) > given] == []


@pytest.mark.parametrize("window", layout.WINDOWS)
@pytest.mark.parametrize("path", FILES, ids=stem)
def test_columns_fit_without_a_scrollbar(path: Path, window: int) -> None:
    room = [(p, layout.content_pixels(p.grid.w, window)) for p in tables(path)]

    assert [p.title for p, given in room if table_pixels(p, given) > given + 1] == []


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_a_column_is_as_wide_as_its_heading(path: Path) -> None:
    room = [(p, column, given) for p in tables(path) for column, given in narrow(p).items()]
    cut = [(p.title, column) for p, column, given in room if heading_pixels(p, column) > given]

    assert cut == []


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_a_column_is_as_wide_as_a_label_of_a_usual_length(path: Path) -> None:
    room = [
        (p.title, layout.SAMPLES.get(labels(p).get(column, ""), ""), given)
        for p in tables(path)
        for column, given in narrow(p).items()
    ]

    assert [one for one in room if cell_pixels(one[1]) > one[2]] == []


def cell_pixels(text: str) -> float:
    """Return the width of a column in which a cell with *text* is whole."""
    return layout.heading_pixels(text, wrapped=False, sorts=False)


def value_pixels(unit: str, decimals: int | None) -> float:
    """Return the width of a column in which usual values of *unit* are whole.

    Grafana cuts the first digits of a longer value, which makes it a smaller number.
    """
    return cell_pixels(str(units.write(USUAL_VALUES.get(unit, 12.3), unit, decimals)))


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_a_column_is_as_wide_as_its_values(path: Path) -> None:
    room = [
        (p.title, column, value_pixels(*number_format(p, column)), given)
        for p in tables(path)
        for column, given in narrow(p).items()
        if number_format(p, column)[0]
    ]

    assert [one for one in room if one[2] > one[3]] == []


@pytest.mark.parametrize("window", layout.WINDOWS)
@pytest.mark.parametrize("path", FILES, ids=stem)
def test_legends_fit_without_a_scrollbar(path: Path, window: int) -> None:
    charts = [panel for panel in panels(path) if panel.type == "timeseries"]

    assert [p.title for p in charts if legend_pixels(p) > width(p, window)] == []


@pytest.mark.parametrize("window", layout.WINDOWS)
@pytest.mark.parametrize("path", FILES, ids=stem)
def test_names_of_states_are_whole(path: Path, window: int) -> None:
    states = [panel for panel in panels(path) if panel.type == "state-timeline"]
    room = [(p, state_name_space(p, window)) for p in states]

    assert [p.title for p, given in room if state_name_pixels(p) > given] == []


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_a_legend_shows_the_heading_and_two_series(path: Path) -> None:
    charts = [panel for panel in panels(path) if panel.type == "timeseries"]
    rooms = [(p.title, LEGEND_SHARE * height(p)) for p in charts]

    assert [title for title, room in rooms if room < 3 * LEGEND_ROW_PIXELS] == []
