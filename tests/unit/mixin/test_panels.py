"""Panels as Grafana's classic JSON."""

from dataclasses import replace
from typing import Any

import pytest

from sightline.grafana import units
from sightline.mixin.dashboards import thresholds
from sightline.mixin.grafana.dashboard import panel_json
from sightline.mixin.grafana.fields import falling_scale, rising_scale
from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table, TraceTable
from sightline.mixin.grafana.targets import Query, TraceSearch
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.grafana.variables import Choice, DataSource, LabelValues


def drawn(panel: Panel) -> Any:  # noqa: ANN401  JSON
    return panel_json(panel, number=1, grid={"x": 0, "y": 0, "w": 12, "h": 8})


def services(*columns: Column) -> Table:
    return Table(
        title="Services",
        description="One line a service.",
        keys=(Key(label="job", title="Service"),),
        columns=columns,
        sort_by="Requests",
    )


REQUESTS = Column(title="Requests", expr="sum by (job) (up)", unit=Unit.COUNT)
ERRORS = Column(title="Errors", expr="sum by (job) (up)", unit=Unit.RATIO)


def test_columns_of_a_table_are_joined_and_named() -> None:
    merge, drop, organize = drawn(services(REQUESTS, ERRORS))["transformations"]

    assert (merge["id"], drop["id"]) == ("merge", "partitionByValues")
    assert organize["options"]["renameByName"] == {
        "job": "Service",
        "Value #A": "Requests",
        "Value #B": "Errors",
    }


def test_the_value_column_of_a_single_query_is_not_numbered() -> None:
    _, organize = drawn(services(REQUESTS))["transformations"]

    assert organize["options"]["renameByName"] == {"job": "Service", "Value": "Requests"}


def test_an_empty_table_has_another_text_than_an_empty_cell() -> None:
    table = replace(services(REQUESTS, ERRORS), no_value="no service")

    fields = drawn(table)["fieldConfig"]

    assert fields["defaults"]["noValue"] == "no service"
    assert fields["overrides"][-1]["properties"] == [{"id": "noValue", "value": "-"}]


def test_a_search_without_traces_is_dropped_by_a_column_of_zeros() -> None:
    panel = drawn(
        TraceTable(title="Traces", description="Traces.", search=TraceSearch(service="orders"))
    )

    add, drop = panel["transformations"]

    assert add["options"]["alias"] == "zero"
    assert drop["options"]["fields"] == ["zero"]


def test_the_value_of_a_key_query_is_hidden() -> None:
    version = Key(label="version", title="Version", expr="count by (job, version) (build_info)")
    table = Table(
        title="Services",
        description="One line a service.",
        keys=(Key(label="job", title="Service"), version),
        columns=(REQUESTS,),
        sort_by="Requests",
    )

    *_, organize = drawn(table)["transformations"]

    assert organize["options"]["excludeByName"] == {"Time": True, "Value #B": True}


def test_a_curve_shows_thresholds_as_lines_and_exemplars_as_dots() -> None:
    panel = drawn(
        TimeSeries(
            title="Duration",
            description="Above the line an alert fires.",
            unit=Unit.SECONDS,
            queries=(Query(expr="x", exemplars=True),),
            scale=rising_scale(warning=0.5, bad=1),
        )
    )

    custom = panel["fieldConfig"]["defaults"]["custom"]
    assert custom["thresholdsStyle"] == {"mode": "dashed"}
    assert panel["targets"][0]["exemplar"] is True


def test_a_falling_scale_is_red_at_the_bottom() -> None:
    assert falling_scale(warning=0.25, bad=0).json()["steps"] == [
        {"color": "red", "value": None},
        {"color": "orange", "value": 0},
        {"color": "green", "value": 0.25},
    ]


def test_a_threshold_comes_from_its_alert() -> None:
    assert [
        step.value for step in thresholds.alert_scale("EventLoopBlocked", warning=0.05).steps
    ] == [0.05, 0.1]


def test_an_alert_without_a_threshold_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="Watchdog has no threshold to draw"):
        thresholds.alert_scale("Watchdog")


def test_a_search_for_traces_keeps_variables_for_grafana() -> None:
    search = TraceSearch(service="$job", tags="error=true", min_duration="$min_duration")

    assert search.json("A") == {
        "refId": "A",
        "datasource": {"type": "jaeger", "uid": "${jaeger_datasource}"},
        "queryType": "search",
        "service": "$job",
        "operation": "",
        "tags": "error=true",
        "minDuration": "$min_duration",
        "maxDuration": "",
        "limit": 20,
    }


@pytest.mark.parametrize(
    ("variable", "current"),
    [
        (DataSource(type="jaeger", uid="jaeger"), {"text": "Jaeger", "value": "jaeger"}),
        (LabelValues(name="job", label="Job", query="q"), {"text": ["All"], "value": ["$__all"]}),
        (
            LabelValues(name="job", label="Job", query="q", all=False, default="a"),
            {"text": ["a"], "value": ["a"]},
        ),
        (
            LabelValues(name="job", label="Job", query="q", all=False, multi=False, default="a"),
            {"text": "a", "value": "a"},
        ),
        (Choice(name="n", label="N", values=("1h", "1d")), {"text": "1h", "value": "1h"}),
    ],
    ids=["data source", "all", "some", "one", "first"],
)
def test_every_variable_has_a_default(variable: Any, current: object) -> None:  # noqa: ANN401  any variable
    assert variable.json()["current"] == current


@pytest.mark.parametrize("unit", Unit)
def test_the_viewer_supports_every_unit_of_our_dashboards(unit: Unit) -> None:
    assert units.known(unit)
