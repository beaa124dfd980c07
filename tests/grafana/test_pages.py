"""Every dashboard as the anonymous Viewer sees it, calm and in an incident.

``SIGHTLINE_SCREENSHOTS`` is the folder of the pictures, as in docs/images/dashboards, with those of
opened rows in ``rows``. ``SIGHTLINE_WIDTHS`` and ``SIGHTLINE_THEMES`` list the windows:
``SIGHTLINE_WIDTHS=1200,1440,1920``.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard
from tests.grafana.pages import DashboardPage
from tests.grafana.server import UIDS, Server
from tests.waiting import until

WINDOWS = [
    (int(width), theme)
    for width in os.environ.get("SIGHTLINE_WIDTHS", "1440").split(",")
    for theme in os.environ.get("SIGHTLINE_THEMES", "dark").split(",")
]
FIRING = 'ALERTS{alertstate="firing", severity="critical", job="users"}'

CHOSEN = {
    "latency-explorer": "&var-job=gateway",
    "route": "&var-job=gateway&var-route=%2Fapi%2Forders%2F%7Border_id%7D",
    "service": "&var-job=gateway",
    "slo": "&var-job=gateway",
}
"""Selected values by dashboard."""


@pytest.fixture(scope="module", params=["calm", "incident"])
def state(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """Bring the stack into a state: in the incident, users does not answer and an alert fires."""
    if request.param == "incident":
        server.stack.freeze("users")
        until(lambda: server.has_result(FIRING), within_seconds=180)
    yield request.param
    server.stack.thaw("users")


def drawn(uid: str) -> set[str]:
    """Return the titles of all panels of a dashboard, except for those with variables."""
    panels = Dashboard.read(DASHBOARDS / f"{uid}.json").every_panel()
    return {panel.title for panel in panels if "$" not in panel.title}


def picture(*names: str, window: tuple[int, str]) -> str:
    """Return the file name of a picture, without the window of the documentation."""
    shown = () if window == (1440, "dark") else map(str, window)
    return "-".join((*names, *shown)) + ".jpg"


@pytest.mark.parametrize("uid", UIDS)
@pytest.mark.parametrize("window", WINDOWS)
def test_every_panel_is_drawn_without_a_fault(  # noqa: PLR0913, PLR0917  each is a dimension
    server: Server,
    state: str,
    dashboards: DashboardPage,
    pictures: Path,
    uid: str,
    window: tuple[int, str],
) -> None:
    width, theme = window
    trace = f"&var-trace_id={server.find_trace()}" if uid == "latency-explorer" else ""

    dashboards.open(
        f"/d/{uid}?from=now-15m&to=now&theme={theme}{CHOSEN.get(uid, '')}{trace}", width=width
    )
    dashboards.save_picture(pictures / picture(uid, state, window=window))
    dashboards.open_rows(width)
    dashboards.save_picture(pictures / "rows" / picture(uid, state, window=window))

    assert drawn(uid) - set(dashboards.titles()) == set()
    assert dashboards.failed() == []
    assert dashboards.empty() == []
