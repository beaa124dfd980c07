"""Dashboards and links after an incident has ended."""

from pathlib import Path

import pytest

from tests.grafana.pages import DashboardPage
from tests.grafana.server import Server, questions
from tests.grafana.test_pages import FIRING
from tests.waiting import until

ENDED = f"last_over_time({FIRING}[10m]) unless on () {FIRING}"
LASTING = f"count_over_time(({FIRING})[3m:15s]) >= 8"
"""Two minutes, so that the steps of an annotation's query meet the incident."""
UP_AGAIN = 'min_over_time(up{job="users"}[30s]) == 1'


@pytest.fixture(scope="module")
def recovered(server: Server) -> Server:
    """Server of a stack in which users stopped answering, fired an alert, and runs again."""
    if not server.has_result(f"last_over_time({FIRING}[10m])"):
        server.stack.freeze("users")
        until(lambda: server.has_result(LASTING), within_seconds=300)
        server.stack.thaw("users")
    until(lambda: server.has_result(ENDED), within_seconds=240)
    until(lambda: server.has_result(UP_AGAIN), within_seconds=120)
    return server


def marks(server: Server, annotation: str) -> list[object]:
    """Return what *annotation* marks on the fleet dashboard, as labels."""
    asked = questions("fleet", "")
    question = next(one for one in asked if one.asker == f"fleet: annotation {annotation}")
    body = {"queries": [question.query], "from": "now-15m", "to": "now"}
    frames = server.post("/api/ds/query", body).json()["results"]["Anno"]["frames"]
    fields = (frame["schema"]["fields"][1:] for frame in frames)
    return [field["labels"] for found in fields for field in found]


def test_the_incident_is_marked_and_its_end_is_no_deploy(recovered: Server) -> None:
    assert marks(recovered, "Alerts") == [{"severity": "critical"}]
    assert marks(recovered, "Deploys") == []
    assert marks(recovered, "Restarts") == []


def test_the_fleet_has_no_service_down(
    recovered: Server, dashboards: DashboardPage, pictures: Path
) -> None:
    dashboards.open("/d/fleet?from=now-15m&to=now")
    dashboards.save_picture(pictures / "fleet-recovered.jpg")

    assert "Services down\n0" in dashboards.panel("Services down").inner_text()
    assert recovered.has_result('count(up{job="users"} == 1)')


def test_links_of_alerts_lead_to_this_grafana(recovered: Server) -> None:
    answer = recovered.stack.ask("prometheus", "/api/v1/alerts")
    links = [one["annotations"].get("dashboard_url") for one in answer.json()["data"]["alerts"]]
    known = [link for link in links if link]

    assert known
    assert [link for link in known if not link.startswith(f"{recovered.home}/d/")] == []
