"""Sections of a dashboard page."""

from sightline.viewer.pages.dashboards import sections, viewed_sections
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


def test_a_panel_of_a_collapsed_row_is_viewed_alone_on_the_whole_page() -> None:
    inner = {"id": 3, "type": "traces", "gridPos": {"x": 12, "y": 9, "w": 4, "h": 4}}
    row = {"id": 1, "type": "row", "title": "Trace", "collapsed": True, "panels": [inner]}

    [alone] = viewed_sections(dashboard(row), "panel-3")

    [panel] = alone.panels
    assert (alone.open, panel.id, panel.grid.x, panel.grid.w) == (True, 3, 0, 24)


def test_an_unknown_viewed_panel_is_ignored() -> None:
    found = dashboard({"id": 2, "type": "stat", "gridPos": {"x": 0, "y": 1, "w": 4, "h": 4}})

    assert viewed_sections(found, "panel-3") == sections(found)
