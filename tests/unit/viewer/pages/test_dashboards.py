"""Sections of a dashboard page."""

from sightline.viewer.pages.dashboards import sections
from tests.viewing import dashboard


def test_panels_are_grouped_by_row() -> None:
    inner = {"id": 3, "type": "stat", "gridPos": {"x": 0, "y": 9, "w": 4, "h": 4}}
    found = dashboard(
        {"id": 1, "type": "row", "title": "Open", "collapsed": False, "panels": []},
        {"id": 2, "type": "stat", "gridPos": {"x": 0, "y": 1, "w": 4, "h": 4}},
        {"id": 4, "type": "row", "title": "Closed", "collapsed": True, "panels": [inner]},
    )

    shown = [(one.title, one.open, one.top, [p.id for p in one.panels]) for one in sections(found)]

    assert shown == [("Open", True, 1, [2]), ("Closed", False, 9, [3])]
