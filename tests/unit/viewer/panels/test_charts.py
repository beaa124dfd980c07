"""Panels over time and their Plotly figures."""

import json
from typing import Any

from sightline.viewer.model.series import Exemplar, Series
from sightline.viewer.panels.view import View
from sightline.viewer.sources.panel_data import Event
from sightline.viewer.sources.results import heatmap, time_series
from sightline.viewer.values.colors import css_color
from tests.viewing import NOON, numbers, panel, series, view

STEPS = {"steps": [{"color": "green", "value": None}, {"color": "red", "value": 2}]}


def figure(shown: View) -> Any:  # noqa: ANN401  JSON
    """Return the figure as JSON."""
    return json.loads(json.dumps(shown.figure, allow_nan=False))


def test_a_line_has_values_and_formatted_values() -> None:
    drawn = figure(view(panel("timeseries", defaults={"unit": "s"}), numbers("p99", 0.25, 1.5)))

    [line] = drawn["data"]
    assert line["y"] == [0.25, 1.5]
    assert line["x"] == ["2026-11-25 11:59:50.000", "2026-11-25 12:00:00.000"]
    assert line["customdata"] == ["250 ms", "1.50 s"]


def test_a_series_below_the_axis_keeps_its_value_in_the_text() -> None:
    shown = panel("timeseries", defaults={"unit": "s", "custom": {"transform": "negative-Y"}})

    [line] = figure(view(shown, numbers("sent", 1.5, 2.0)))["data"]

    assert line["y"] == [-1.5, -2.0]
    assert line["customdata"] == ["1.50 s", "2 s"]


def test_an_axis_ends_at_round_values_in_its_unit() -> None:
    shown = panel("timeseries", defaults={"unit": "percentunit", "min": 0})

    axis = figure(view(shown, numbers("errors", 0.0, 0.031)))["layout"]["yaxis"]

    assert axis["ticktext"] == ["0%", "1%", "2%", "3%", "4%"]


def test_an_axis_extends_to_the_soft_maximum() -> None:
    custom = {"axisSoftMax": 0.1}
    shown = panel("timeseries", defaults={"unit": "percentunit", "min": 0, "custom": custom})

    flat = figure(view(shown, numbers("errors", 0.0, 0.0)))["layout"]["yaxis"]
    high = figure(view(shown, numbers("errors", 0.0, 0.3)))["layout"]["yaxis"]

    assert (flat["ticktext"][-1], high["ticktext"][-1]) == ("10%", "30%")


def test_a_gap_between_samples_is_not_bridged() -> None:
    whole, late = numbers("a", 1, 2), numbers("a", 3, every_seconds=0)
    times = [whole.fields[0].values[0] - 60_000, *late.fields[0].values]
    frame = whole.with_fields([whole.fields[0].with_values(times), whole.fields[1]])

    [line] = figure(view(panel("timeseries", defaults={"custom": {"fillOpacity": 8}}), frame))[
        "data"
    ]

    assert line["y"] == [1, None, 2]
    assert "fill" not in line


def test_an_isolated_value_is_a_dot() -> None:
    [lonely] = figure(view(panel("timeseries"), numbers("a", None, 5, None, 2, 3)))["data"]
    [joined] = figure(view(panel("timeseries"), numbers("a", 1, 2)))["data"]

    assert lonely["marker"]["size"] == [0, 5, 0, 0, 0]
    assert (lonely["mode"], joined["mode"]) == ("lines+markers", "lines")


def test_a_stacked_series_is_zero_in_a_gap() -> None:
    early, late = series(1, 2), series(3)
    late.samples[0] = (NOON + 30, 3)
    whole = Series(labels={}, samples=[*early.samples, *late.samples])
    stacking = {"custom": {"stacking": {"mode": "normal"}}}

    [frame] = time_series([whole], ref_id="A", legend="", expr="up")
    [line] = figure(view(panel("timeseries", defaults=stacking), frame))["data"]

    assert line["y"] == [1, 2, 0, 0, 3]


def test_thresholds_are_dashed_lines_inside_the_scale() -> None:
    custom = {"thresholdsStyle": {"mode": "dashed"}}
    shown = panel("timeseries", defaults={"thresholds": STEPS, "custom": custom})

    high = figure(view(shown, numbers("a", 0, 3)))["layout"]["shapes"]
    low = figure(view(shown, numbers("a", 0, 1)))["layout"]["shapes"]

    assert [(one["y0"], one["line"]["color"]) for one in high] == [(2, "#F2495C")]
    assert low == []


def test_an_exemplar_is_a_dot_with_a_link_to_its_trace() -> None:
    exemplar = Exemplar(labels={"trace_id": "ab" * 16}, series={}, seconds=NOON - 5, value=0.5)

    drawn = figure(
        view(
            panel("timeseries", defaults={"unit": "s"}), numbers("p99", 1, 1), exemplars=[exemplar]
        )
    )

    [[url, text]] = drawn["data"][1]["customdata"]
    assert url == f"/trace/{'ab' * 16}"
    assert "500 ms" in text


def test_overlapping_exemplars_are_reduced_to_one() -> None:
    crowd = [
        Exemplar(labels={"trace_id": f"{number:032x}"}, series={}, seconds=NOON - 1, value=0.5)
        for number in range(100)
    ]

    drawn = figure(view(panel("timeseries"), numbers("p99", 1, 1), exemplars=crowd))

    assert len(drawn["data"][1]["x"]) == 1


def test_overlapping_alerts_shade_the_chart_twice_as_in_grafana() -> None:
    events = [
        Event(start=NOON - 60, end=NOON - 20, title="A", text="", color="red"),
        Event(start=NOON - 40, end=NOON, title="B", text="", color="red"),
    ]

    shapes = figure(view(panel("timeseries"), numbers("a", 1, 2), events=events))["layout"][
        "shapes"
    ]

    assert [one["type"] for one in shapes] == ["rect", "rect", "line", "line"]
    assert shapes[1]["x1"] == "2026-11-25 12:00:00.000"


def test_stacked_lines_share_one_scale() -> None:
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 40}
    shown = panel("timeseries", defaults={"min": 0, "custom": custom})

    drawn = figure(view(shown, numbers("2xx", 3, 3), numbers("5xx", 5, 5)))

    assert {line["stackgroup"] for line in drawn["data"]} == {"all"}
    assert drawn["layout"]["yaxis"]["ticktext"][-1] == "8"


def test_a_name_with_markup_is_text() -> None:
    [line] = figure(view(panel("timeseries"), numbers("<b>x</b>", 1, 2)))["data"]

    assert line["name"] == "&lt;b&gt;x&lt;/b&gt;"


def test_a_chart_without_data_shows_the_no_value_text() -> None:
    shown = view(panel("timeseries", defaults={"noValue": "no traffic"}), numbers("a", None))

    assert (shown.template, shown.context["text"]) == ("message", "no traffic")


def test_a_legend_is_sorted_by_its_calculation() -> None:
    options = {
        "legend": {"calcs": ["lastNotNull", "max"], "sortBy": "Last *", "sortDesc": True}
        | {"displayMode": "table", "showLegend": True}
    }
    shown = view(panel("timeseries", options=options), numbers("a", 9, 1), numbers("b", 3, 4))

    legend = shown.context["legend"]
    assert [(one.title, one.index, list(one.cells)) for one in legend.entries] == [
        ("b", 1, ["4", "4"]),
        ("a", 0, ["1", "9"]),
    ]


def test_the_last_value_of_a_series_that_ended_is_missing() -> None:
    options = {"legend": {"calcs": ["last", "max"], "displayMode": "table"}}
    ended = numbers("ended", 7, 8)
    times = [time - 600_000 for time in ended.fields[0].values]
    ended = ended.with_fields([ended.fields[0].with_values(times), ended.fields[1]])

    legend = view(panel("timeseries", options=options), ended, numbers("on", 1)).context["legend"]

    assert [list(one.cells) for one in legend.entries] == [["-", "8"], ["1", "1"]]


def test_a_service_has_the_same_color_in_every_chart() -> None:
    shown = panel("timeseries", defaults={"color": {"mode": "palette-classic-by-name"}})

    both = figure(view(shown, numbers("gateway", 1), numbers("users", 1)))["data"]
    alone = figure(view(shown, numbers("users", 1)))["data"]

    assert both[1]["line"]["color"] == alone[0]["line"]["color"] != both[0]["line"]["color"]


def test_a_heatmap_shows_only_buckets_with_events() -> None:
    buckets = [series(0, 0, le="0.1"), series(4, 0, le="0.25"), series(13, 1, le="0.5")]
    [frame] = heatmap([*buckets, series(13, 1, le="1.0")], ref_id="A")
    options = {"yAxis": {"unit": "s"}, "cellValues": {"unit": "ops"}, "color": {"exponent": 1}}

    drawn = figure(view(panel("heatmap", options=options), frame))

    [cells] = drawn["data"]
    nothing, first, last = cells["z"][0], cells["z"][1], cells["z"][2]
    assert (nothing, first, last) == ([None] * 3, [None, 4.0, None], [None, 9.0, 1.0])
    assert cells["text"][2] == ["", "9 ops/s", "1 ops/s"]
    assert drawn["layout"]["yaxis"]["ticktext"] == ["100 ms", "250 ms", "500 ms", "1 s"]


def test_an_empty_heatmap_ignores_its_text_as_grafana_does() -> None:
    shown = view(panel("heatmap", defaults={"noValue": "no traffic"}))

    assert shown.context["text"] == "No data"


def test_thresholds_color_states_and_mappings_only_name_them() -> None:
    defaults = {
        "color": {"mode": "thresholds"},
        "mappings": [{"type": "value", "options": {"2": {"text": "critical", "color": "red"}}}],
        "thresholds": {"steps": [{"value": None, "color": "text"}]},
    }

    shown = view(panel("state-timeline", defaults=defaults), numbers("ServiceDown", 2, 2))

    [(_, [band])] = shown.context["rows"]
    assert (str(band.text), band.text.color) == ("critical", css_color("text"))


def test_a_state_lasts_until_it_changes_or_ends() -> None:
    mappings = [{"type": "value", "options": {"2": {"text": "critical", "color": "red"}}}]
    frame = numbers("ServiceDown", None, 2, 2, 1, None)

    shown = view(panel("state-timeline", defaults={"mappings": mappings}), frame)

    [(title, bands)] = shown.context["rows"]
    assert title == "ServiceDown"
    assert [text for _, text in shown.context["ticks"]][:2] == ["11:00", "11:10"]
    assert [(str(band.text), band.since, band.until) for band in bands] == [
        ("critical", "11:59:30", "11:59:50"),
        ("1", "11:59:50", "12:00:00"),
    ]
