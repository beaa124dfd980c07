"""Provisioning, rights and log of Grafana, read after the tests of its pages."""

import pytest

from tests.grafana.server import UIDS, Server


def test_the_status_names_program_and_version(server: Server) -> None:
    version = server.get("/api/health").json()["version"]

    assert f"grafana {version} (" in server.stack.sightline("status").stdout


def test_every_dashboard_is_in_the_folder(server: Server) -> None:
    found = server.get("/api/search", params={"type": "dash-db"}).json()

    assert sorted(one["uid"] for one in found) == UIDS
    assert {one["folderTitle"] for one in found} == {"Sightline"}


def test_the_home_page_is_the_fleet(server: Server) -> None:
    assert server.get("/api/dashboards/home").json()["dashboard"]["uid"] == "fleet"


@pytest.mark.parametrize("uid", ["prometheus", "jaeger"])
def test_a_data_source_is_healthy(server: Server, uid: str) -> None:
    assert server.get(f"/api/datasources/uid/{uid}/health").json()["status"] == "OK"


def test_alertmanager_answers_through_grafana(server: Server) -> None:
    answer = server.get("/api/datasources/proxy/uid/alertmanager/api/v2/status")

    assert answer.json()["cluster"]["status"] == "disabled"


@pytest.mark.parametrize("uid", UIDS)
def test_a_viewer_changes_no_dashboard(server: Server, uid: str) -> None:
    found = server.get(f"/api/dashboards/uid/{uid}").json()

    rights = [found["meta"][name] for name in ("canSave", "canEdit", "canAdmin", "canDelete")]
    assert rights == [False] * 4
    saved = server.post("/api/dashboards/db", {"dashboard": found["dashboard"], "overwrite": True})
    assert saved.status_code == 403


@pytest.mark.parametrize("path", ["/api/admin/settings", "/api/users", "/api/org/users"])
def test_a_viewer_administers_nothing(server: Server, path: str) -> None:
    assert server.get(path).status_code in {401, 403}


def test_explore_is_closed_to_viewers(server: Server) -> None:
    assert server.get("/explore").status_code in {302, 401, 403}


def test_another_name_is_redirected(server: Server) -> None:
    answer = server.get("/", headers={"Host": "evil.example"})

    assert answer.headers["Location"].startswith(server.home)


def test_the_log_has_no_error_and_names_no_other_machine(server: Server) -> None:
    faults = [line for line in server.log if "level=error" in line or "grafana.com" in line]

    closed = ("context canceled", "broken pipe")  # queries of a page that was closed
    assert [line for line in faults if not any(text in line for text in closed)] == []
