"""Links of dashboards, and URLs."""

import pytest

from sightline.grafana.dashboard import Dashboard
from sightline.viewer.values.links import dashboard_links, is_web_url, without_host
from tests.viewing import dashboard, scope


def test_a_menu_links_to_the_dashboards_with_its_tag() -> None:
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
def test_only_paths_and_http_urls_are_web_urls(url: str, good: bool) -> None:  # noqa: FBT001  a row of the table
    assert is_web_url(url) == good


def test_the_host_of_a_dashboard_url_is_removed() -> None:
    assert without_host("http://localhost:3000/d/slo?var-job=a") == "/d/slo?var-job=a"
    assert without_host("https://wiki/runbook") == "https://wiki/runbook"
