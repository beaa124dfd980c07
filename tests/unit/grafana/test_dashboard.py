"""Dashboard files as typed values."""

from pathlib import Path

import pytest

from sightline.artefacts import DASHBOARDS
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
        ("[]", "no uid and no title and no panels"),
        ('{"uid": "x", "title": "y", "panels": [{"id": 7}]}', "panel 7 has no type"),
        ('{"uid": "x", "title": "y", "rows": []}', "no panels"),
    ],
)
def test_a_file_that_cannot_be_displayed_is_named(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text)

    with pytest.raises(DashboardError, match=rf"broken\.json: {reason}.*classic schema"):
        Dashboard.read(file)


def test_panels_of_the_old_schema_are_found_in_their_rows() -> None:
    old = Dashboard.from_json({"rows": [{"panels": [{"id": 3, "type": "graph"}]}]})

    assert [panel.id for panel in old.every_panel()] == [3]


def test_our_dashboards_are_read() -> None:
    titles = [Dashboard.read(path).title for path in DASHBOARDS.glob("*.json")]

    assert len(titles) == 9
