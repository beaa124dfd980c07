"""Sizes in which Grafana draws panels."""

import pytest

from sightline.grafana import layout


@pytest.mark.parametrize(("columns", "window", "pixels"), [(24, 1200, 866), (12, 1440, 548)])
def test_a_panel_takes_its_share_of_the_page_beside_the_menu(
    columns: int, window: int, pixels: float
) -> None:
    assert layout.panel_pixels(columns, window) == pixels


@pytest.mark.parametrize(("icons", "taken"), [(0, 66), (1, 98), (2, 130)])
def test_a_title_has_the_width_beside_the_menu_and_the_icons(icons: int, taken: float) -> None:
    assert layout.title_space(200, icons=icons) == 200 - taken
    assert layout.title_space(20, icons=icons) == 0


@pytest.mark.parametrize(
    ("title", "pixels"),
    [
        ("Apdex", 43.7),
        ("Requests", 63.3),
        ("Alertmanager configuration", 188.2),
        ("Worker threads, 10 of 4000", 187.4),
        ("Time since the last Watchdog", 201.6),
    ],
)
def test_a_title_is_as_wide_as_in_the_font_of_grafana(title: str, pixels: float) -> None:
    assert layout.title_pixels(title) == pytest.approx(pixels, rel=0.04)


def test_a_name_is_smaller_than_a_title() -> None:
    assert layout.name_pixels("{{job}} {{alertname}}") == pytest.approx(247, rel=0.04)


def test_names_of_states_have_a_share_of_the_panel_or_the_width_of_the_axis() -> None:
    assert layout.state_name_space(500, axis_width=0) == 200
    assert layout.state_name_space(500, axis_width=320) == 300


def test_variables_and_labels_have_a_usual_length() -> None:
    assert layout.sample("Errors, $services_shown of $services") == "Errors, 10 of 200"
    assert layout.sample("{{job}} {{ shard }}") == "checkout-service connection"


@pytest.mark.parametrize(
    ("wrapped", "sorts", "pixels"),
    [(False, False, 90), (False, True, 108), (True, False, 64), (True, True, 64)],
)
def test_a_heading_needs_its_longest_line_and_the_arrow_of_a_sorted_column(
    *, wrapped: bool, sorts: bool, pixels: float
) -> None:
    needed = layout.heading_pixels("Budget left", wrapped=wrapped, sorts=sorts)

    assert needed == pytest.approx(pixels, rel=0.04)


def test_columns_share_what_fixed_ones_leave_above_their_minimum() -> None:
    fixed = layout.Column(width=200, minimum=0)
    shared = layout.Column(width=0, minimum=150)

    assert layout.column_widths([fixed, shared, shared], 600) == [200, 200, 200]
    assert layout.column_widths([fixed, shared, shared], 400) == [200, 150, 150]


def test_each_calculation_widens_a_legend_by_a_column() -> None:
    one, two, three = (layout.legend_pixels("{{job}}", count, "s") for count in (1, 2, 3))

    assert one < two
    assert three - two == pytest.approx(two - one)
