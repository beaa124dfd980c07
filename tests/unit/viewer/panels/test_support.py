"""Features of dashboards that only Grafana draws: named, never drawn wrongly."""

from typing import Any

import pytest

from sightline.grafana.dashboard import Panel
from sightline.viewer.panels.support import obstacle, omissions
from tests.viewing import dashboard, scope

QUERY = {"refId": "A", "expr": "up"}
STACK = {"defaults": {"custom": {"stacking": {"mode": "percent"}}}}
MATCHED = {"matcher": {"id": "byValue"}, "properties": [{"id": "unit", "value": "s"}]}


def only(raw: dict[str, Any], **more: Any) -> tuple[Any, Panel]:  # noqa: ANN401  as in the file
    """Return a dashboard and its only panel."""
    found = dashboard({"id": 1, "type": "timeseries", "targets": [QUERY]} | raw, **more)
    return found, next(found.every_panel())


def reason(raw: dict[str, Any], **more: Any) -> str:  # noqa: ANN401  as in the file
    return obstacle(*only(raw, **more), scope(job=["gateway", "orders"], instance="a"))


OBSTACLES: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"type": "piechart"}, "panel type piechart"),
    ({"type": ""}, "panel type missing"),
    ({"type": "", "libraryPanel": {"uid": "a"}}, "panels of Grafana's library"),
    ({"transformations": [{"id": "spatial"}]}, "transformation spatial"),
    ({"transformations": [{"id": "spatial", "disabled": True}]}, ""),
    ({"options": {"reduceOptions": {"calcs": ["delta"]}}}, "calculation delta"),
    ({"fieldConfig": {"overrides": [MATCHED]}}, "matcher byValue"),
    ({"fieldConfig": STACK}, "stacks of percentages"),
    ({"fieldConfig": {"defaults": {"custom": {"stacking": {"mode": ["percent"]}}}}}, ""),
    ({"type": "heatmap", "options": {"calculate": True}}, "heatmaps of series without buckets"),
    ({"type": "alertlist", "options": {"alertName": "x"}}, "filter alertName of alerts"),
    ({"repeat": "job"}, "a panel for each value of $job; select one value"),
    ({"repeat": "instance"}, ""),
    ({"datasource": "Loki"}, "queries of loki"),
]


@pytest.mark.parametrize(("raw", "expected"), OBSTACLES, ids=str)
def test_a_feature_without_which_the_picture_is_wrong_is_named(
    raw: dict[str, Any], expected: str
) -> None:
    assert reason(raw) == expected


def test_a_panel_of_a_repeated_row_is_named() -> None:
    row = {"id": 9, "type": "row", "repeat": "job"}
    found = dashboard(row, {"id": 1, "type": "stat"})

    assert "each value of $job" in obstacle(found, found.panels[1], scope(job=["a", "b"]))


def test_ad_hoc_filters_are_named() -> None:
    filtered = {"type": "adhoc", "name": "Filters", "filters": [{"key": "job", "value": "a"}]}

    assert reason({}, variables=[filtered]) == "ad hoc filters of $Filters"


SOURCES: list[tuple[object, list[str]]] = [
    (None, []),
    ({"type": "prometheus", "uid": "x"}, []),
    ("Thanos", []),
    ("Loki", ["Query A is missing: only Grafana queries loki."]),
    (
        {"type": "__expr__", "uid": "__expr__"},
        ["Query A is missing: only Grafana queries expressions."],
    ),
    ("-- Mixed --", ["Query A is missing: only Grafana queries -- Mixed --."]),
    ({"type": "influxdb", "uid": "x"}, ["Query A is missing: only Grafana queries influxdb."]),
]


@pytest.mark.parametrize(("source", "expected"), SOURCES, ids=str)
def test_a_query_of_another_source_is_named(source: object, expected: list[str]) -> None:
    _, panel = only({"datasource": source})

    assert omissions(panel) == expected


def test_a_hidden_query_is_not_missing() -> None:
    _, panel = only({"datasource": "Loki", "targets": [QUERY | {"hide": True}]})

    assert omissions(panel) == []
