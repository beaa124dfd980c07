"""Panels of single numbers and tables."""

from typing import Any

import pytest

from sightline.viewer.panels.singles import arc_path, sparkline_paths
from tests.viewing import columns, numbers, panel, view

STEPS = {"steps": [{"color": "green", "value": None}, {"color": "red", "value": 5}]}
LAST = {"reduceOptions": {"calcs": ["lastNotNull"]}}


def test_a_stat_shows_the_last_value_and_a_sparkline() -> None:
    shown = view(
        panel(
            "stat",
            defaults={"unit": "reqps", "thresholds": STEPS},
            options=LAST | {"graphMode": "area"},
        ),
        numbers("requests", 1, 2, 6, None),
    )

    [one] = shown.context["singles"]
    assert (str(one["single"].text), one["single"].color) == ("6 req/s", "#F2495C")
    assert one["spark"]["line"].startswith("M0.0 ")


def test_a_stat_of_text_has_no_sparkline() -> None:
    options = {"reduceOptions": {"fields": "/^ver/"}, "graphMode": "area"}

    shown = view(panel("stat", options=options), columns(version=["1.2.3", "1.2.4"], other=["x"]))

    [one] = shown.context["singles"]
    assert (one["single"].title, one["spark"]) == ("version", None)


def test_a_stat_without_data_shows_the_no_value_text() -> None:
    quiet = panel("stat", defaults={"noValue": "no traffic"}, options=LAST)

    assert view(quiet).context["text"] == "no traffic"
    [one] = view(quiet, numbers("requests", None)).context["singles"]
    assert str(one["single"].text) == "no traffic"


def test_several_numbers_have_names() -> None:
    shown = view(panel("stat", options=LAST), numbers("a", 1), numbers("b", 2))

    assert shown.context["named"]


@pytest.mark.parametrize(
    ("value", "percent"), [(0.5, 50.0), (-5.0, 0.0), (1.0, 100.0), (7.0, 100.0)]
)
def test_a_bar_stays_inside_its_track(value: float, percent: float) -> None:
    shown = view(
        panel("bargauge", defaults={"min": 0, "max": 1}, options=LAST), numbers("a", value)
    )

    assert shown.context["bars"][0]["percent"] == percent


def test_the_longest_bar_fills_its_track_without_a_maximum() -> None:
    shown = view(panel("bargauge", options=LAST), numbers("a", 5), numbers("b", 10))

    assert [bar["percent"] for bar in shown.context["bars"]] == [50.0, 100.0]


def test_a_dial_has_its_thresholds_as_a_ring() -> None:
    defaults = {"min": 0, "max": 10, "thresholds": STEPS}

    [dial] = view(panel("gauge", defaults=defaults, options=LAST), numbers("a", 5)).context["dials"]

    assert dial["value"] == arc_path(0.0, 0.5, radius=80)
    assert [part["path"] for part in dial["ring"]] == [
        arc_path(0, 0.5, radius=93),
        arc_path(0.5, 1, radius=93),
    ]


def test_a_sparkline_needs_two_points() -> None:
    assert sparkline_paths([1.0, 1.0]) is not None
    assert sparkline_paths([1.0, None]) is None


def override(name: str, **properties: object) -> dict[str, Any]:
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def test_a_table_cell_has_unit_color_and_link() -> None:
    overrides = [
        override(
            "errors",
            unit="percentunit",
            thresholds=STEPS,
            custom__cellOptions={"type": "color-text"},
        ),
        override("job", links=[{"title": "Service", "url": "/d/service?var-job=${__value.raw}"}]),
    ]

    shown = view(panel("table", overrides=overrides), columns(job=["a b"], errors=[6.0]))

    [[job, errors]] = shown.context["rows"]
    assert (job.text, job.links[0].url) == ("a b", "/d/service?var-job=a%20b")
    assert (errors.text, errors.look, errors.color) == ("600%", "text", "#F2495C")


def test_a_link_that_is_not_a_web_url_is_dropped() -> None:
    bad = override("job", links=[{"title": "x", "url": "javascript:alert(1)"}])

    [[job]] = view(panel("table", overrides=[bad]), columns(job=["a"])).context["rows"]

    assert job.links == []


def test_a_cell_colors_its_whole_row_or_nothing() -> None:
    steps = [{"color": "red", "value": None}, {"color": "transparent", "value": 1}]
    cell = {"type": "color-background", "applyToRow": True}
    filling = override("up", custom__cellOptions=cell, thresholds={"steps": steps})
    shown = view(panel("table", overrides=[filling]), columns(job=["a", "b"], up=[0.0, 1.0]))

    [down, running] = shown.context["rows"]
    assert [(cell.look, cell.color) for cell in down] == [("background", "#F2495C")] * 2
    assert [cell.look for cell in running] == ["plain", "plain"]


def test_a_table_without_rows_shows_its_headings_as_in_grafana() -> None:
    shown = panel("table", defaults={"noValue": "no calls"})

    headings, nothing = view(shown, columns(job=[], v=[])), view(shown, columns())

    assert [head.title for head in headings.context["heads"]] == ["job", "v"]
    assert headings.context["rows"] == []
    assert nothing.context["text"] == "no calls"


def test_a_table_is_sorted_by_the_option_sort_by() -> None:
    shown = panel("table", options={"sortBy": [{"displayName": "v", "desc": True}]})

    rows = view(shown, columns(v=[1.0, 3.0, 2.0])).context["rows"]

    assert [row[0].text for row in rows] == ["3", "2", "1"]


def test_hidden_columns_are_left_out() -> None:
    shown = view(
        panel("table", overrides=[override("b", custom__hidden=True)]), columns(a=[1.0], b=[2.0])
    )

    assert [head.title for head in shown.context["heads"]] == ["a"]


def test_columns_have_the_minimum_widths_of_grafana() -> None:
    wide, narrow = override("b", custom__width=300), override("c", custom__minWidth=66)
    shown = view(panel("table", overrides=[wide, narrow]), columns(a=[1.0], b=[1.0], c=[1.0]))

    assert [head.width for head in shown.context["heads"]] == [150, 300, 66]


def test_a_long_table_counts_the_rows_not_shown() -> None:
    shown = view(panel("table"), columns(v=[float(number) for number in range(700)]))

    assert (len(shown.context["rows"]), shown.context["more"]) == (500, 200)


def test_an_unsupported_panel_shows_its_type_and_query() -> None:
    target = {"refId": "A", "expr": "up", "datasource": {"type": "prometheus", "uid": "x"}}

    shown = view(panel("piechart", targets=[target]))

    assert shown.context["text"] == "“piechart” panels need Grafana"
    assert shown.context["detail"] == "up"


def test_html_in_a_text_panel_is_escaped() -> None:
    shown = view(panel("text", options={"content": "**hi** <script>x</script>"}))

    assert "<strong>hi</strong> &lt;script&gt;" in shown.context["html"]
