"""Dashboard files, their folder, links between them."""

import json
from pathlib import Path

import pytest

from sightline.artefacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard
from sightline.viewer.model.folder import Folder
from sightline.viewer.pages.dashboards import sections
from sightline.viewer.panels.kinds import PANELS
from sightline.viewer.values.links import dashboard_links, is_web_url, without_host
from tests.viewing import dashboard, scope

FILES = sorted(DASHBOARDS.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_panel_of_ours_is_one_that_the_viewer_draws(file: Path) -> None:
    kinds = {panel.type for panel in Dashboard.read(file).every_panel()}

    assert kinds <= set(PANELS)


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text(json.dumps({"uid": "b", "title": "B", "panels": []}))
    folder = Folder(tmp_path)

    assert list(folder.dashboards()) == ["b"]
    assert len(folder.problems) == 1


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"uid": "a", "title": "A", "panels": []}))
    folder = Folder(tmp_path)
    before = folder.dashboards()["a"].title

    file.write_text(json.dumps({"uid": "a", "title": "Another", "panels": []}))

    assert (before, folder.dashboards()["a"].title) == ("A", "Another")


def test_panels_stand_under_their_row() -> None:
    inner = {"id": 3, "type": "stat", "gridPos": {"x": 0, "y": 9, "w": 4, "h": 4}}
    found = dashboard(
        {"id": 1, "type": "row", "title": "Open", "collapsed": False, "panels": []},
        {"id": 2, "type": "stat", "gridPos": {"x": 0, "y": 1, "w": 4, "h": 4}},
        {"id": 4, "type": "row", "title": "Closed", "collapsed": True, "panels": [inner]},
    )

    shown = [(one.title, one.open, one.top, [p.id for p in one.panels]) for one in sections(found)]

    assert shown == [("Open", True, 1, [2]), ("Closed", False, 9, [3])]


def test_the_menu_leads_to_the_dashboards_of_its_tag() -> None:
    link = {"type": "dashboards", "title": "Others", "tags": ["ours"], "keepTime": True}
    here = dashboard(links=[link], tags=["ours"])
    there = Dashboard.from_json({"uid": "b", "title": "B", "panels": [], "tags": ["ours"]})
    foreign = Dashboard.from_json({"uid": "c", "title": "C", "panels": []})

    [(title, [target])] = dashboard_links(here, [here, there, foreign], scope())

    assert (title, target.title, target.url) == ("Others", "B", "/d/b?from=now-1h&to=now")


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("/d/x", True),
        ("https://a.b/c", True),
        ("javascript:x", False),
        ("//evil", False),
        ("", False),
    ],
)
def test_only_web_addresses_are_followed(url: str, good: bool) -> None:  # noqa: FBT001  a row of the table
    assert is_web_url(url) == good


def test_a_dashboard_of_another_address_is_opened_here() -> None:
    assert without_host("http://localhost:3000/d/slo?var-job=a") == "/d/slo?var-job=a"
    assert without_host("https://wiki/runbook") == "https://wiki/runbook"
