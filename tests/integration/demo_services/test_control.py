"""Alert inbox over HTTP."""

from pathlib import Path

import pytest

from tests.integration.demo_services.conftest import Service, Start

NOTIFICATION = {
    "version": "4",
    "groupKey": '{}:{alertname="TargetDown"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "control",
    "groupLabels": {"alertname": "TargetDown"},
    "commonLabels": {"alertname": "TargetDown", "severity": "critical", "job": "users"},
    "commonAnnotations": {"summary": "users is down"},
    "externalURL": "http://localhost:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "TargetDown", "severity": "critical", "job": "users"},
            "annotations": {"summary": "users is down"},
            "startsAt": "2026-11-25T12:00:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://localhost:9090/graph",
            "fingerprint": "c0ffee",
        }
    ],
}
"""Source: Alertmanager documentation, "Webhook receiver"."""


@pytest.fixture(scope="module")
def control(start: Start) -> Service:
    return start("control")


def test_a_notification_is_shown_counted_and_logged(
    control: Service,
) -> None:
    status_code = control.anonymous("POST", "/alerts", NOTIFICATION).status_code

    assert status_code == 204
    assert "users is down" in control.get("/").text
    assert control.get("/api/alerts").json()["alerts"][0]["labels"]["job"] == "users"
    assert (
        'alert_notifications_received_total{alertname="TargetDown",severity="critical",'
        'status="firing"} 1.0'
    ) in control.get("/metrics").text
    assert '"alertname": "TargetDown"' in control.log.read_text()


@pytest.mark.parametrize("body", [{}, [], {**NOTIFICATION, "alerts": "many"}])
def test_an_invalid_notification_is_rejected_and_changes_nothing(
    control: Service, body: object
) -> None:
    before = control.get("/api/alerts").json()

    status_code = control.anonymous("POST", "/alerts", body).status_code

    assert status_code == 422
    assert control.get("/api/alerts").json() == before


def test_a_runbook_is_rendered_without_its_html(start: Start, tmp_path: Path) -> None:
    (tmp_path / "TargetDown.md").write_text(
        "# Down\n\n<script>bad()</script>\n\n| a |\n|---|\n| b |\n"
    )
    control = start("control", RUNBOOKS=str(tmp_path))

    page = control.get("/runbooks/TargetDown")

    assert "<h1>Down</h1>" in page.text
    assert "<td>b</td>" in page.text
    assert "<script>" not in page.text


def test_a_runbook_has_a_folded_part_and_links_to_others(start: Start, tmp_path: Path) -> None:
    (tmp_path / "TargetDown.md").write_text(
        "# Down\n\n<details>\n<summary>Demo</summary>\n\n[next](TargetDown.md)\n\n</details>\n"
    )
    control = start("control", RUNBOOKS=str(tmp_path))

    page = control.get("/runbooks/TargetDown.md")

    assert "<details>\n<summary>Demo</summary>" in page.text
    assert '<a href="TargetDown.md">next</a>' in page.text


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("Unknown", 404),
        ("Unknown.md", 404),
        ("..%2F..%2Fetc%2Fpasswd", 404),
        (".env", 422),
        ("a" * 81, 422),
    ],
)
def test_no_other_file_is_served(control: Service, path: str, status_code: int) -> None:
    assert control.get(f"/runbooks/{path}").status_code == status_code


def test_the_page_has_no_script_and_forbids_them(control: Service) -> None:
    page = control.get("/")

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
