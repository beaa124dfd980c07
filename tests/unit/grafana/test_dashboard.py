"""Dashboard files as typed values."""

import json
from pathlib import Path

import pytest

from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard, DashboardError, DataSource
from tests.viewing import dashboard

SOURCES = [
    ({"type": "jaeger", "uid": "x"}, DataSource(type="jaeger", uid="x")),
    ({"uid": "${logs}"}, DataSource(type="loki", uid="${logs}")),
    ("Prometheus", DataSource(type="prometheus", uid="Prometheus")),
    ("$logs", DataSource(type="loki", uid="$logs")),
    (None, DataSource(type="", uid="")),
]


@pytest.mark.parametrize(("raw", "expected"), SOURCES, ids=str)
def test_the_type_of_a_data_source_is_found(raw: object, expected: DataSource) -> None:
    variables = [{"name": "logs", "type": "datasource", "query": "loki"}]
    panel = {"id": 1, "type": "stat", "datasource": raw, "targets": [{"refId": "A"}]}

    [target] = dashboard(panel, variables=variables).panels[0].targets

    assert target.source == expected


def test_a_fixed_data_source_refers_to_no_variable() -> None:
    uids = ["${prometheus}", "$prometheus", "prometheus", "${a}-${b}", ""]

    names = [DataSource(type="", uid=uid).variable for uid in uids]

    assert names == ["prometheus", "prometheus", "", "", ""]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "no title and no panels"),
        ('{"uid": "x", "title": "y", "rows": []}', "no panels"),
        ('{"title": "y", "panels": [], "a": NaN}', "NaN is no JSON"),
        ('{"title": "y", "panels": [], "a": 1e400}', "1e400 is too large"),
    ],
)
def test_a_file_that_cannot_be_displayed_is_named(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text)

    with pytest.raises(DashboardError, match=rf"broken\.json: {reason}.*classic schema"):
        Dashboard.read(file)


def test_panels_get_ids_and_the_dashboard_a_uid_as_in_grafana(tmp_path: Path) -> None:
    inner = {"id": 1, "panels": [{"type": "stat"}]}
    panels = [{"id": 7}, {"title": "no id"}, {"id": 7, "title": "the same"}, inner]
    file = tmp_path / "shop.json"
    file.write_text(json.dumps({"title": "Shop", "panels": panels}))

    dashboard = Dashboard.read(file)

    assert dashboard.uid == "shop"
    assert [panel.id for panel in dashboard.rows_and_panels()] == [7, 8, 9, 1, 10]


def test_a_panel_of_the_library_has_the_content_of_an_export() -> None:
    panel = {"id": 3, "libraryPanel": {"uid": "a"}}
    elements = {"a": {"model": {"id": 9, "type": "stat", "title": "From the library"}}}

    exported = Dashboard.from_json({"panels": [panel], "__elements": elements})
    stored = Dashboard.from_json({"panels": [panel]})

    assert [(one.id, one.type) for one in exported.panels] == [(3, "stat")]
    assert [(one.id, one.type) for one in stored.panels] == [(3, "library-panel-ref")]


def test_panels_of_the_old_schema_are_found_in_their_rows() -> None:
    old = Dashboard.from_json({"rows": [{"panels": [{"id": 3, "type": "graph"}]}]})

    assert [panel.id for panel in old.every_panel()] == [3]


def test_our_dashboards_are_read() -> None:
    titles = [Dashboard.read(path).title for path in DASHBOARDS.glob("*.json")]

    assert len(titles) == len(set(titles)) == 12
