"""Stack with a real Grafana, for `make grafana-test`. CI does not have the program."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from sightline.local.grafana import find
from tests.browser.chromium import FLAGS, program
from tests.grafana.pages import DashboardPage
from tests.grafana.server import Server
from tests.stacks import running
from tests.waiting import until

WARM = 'job:http_server_requests:rate{job="users"} offset 1m > 0'
"""PromQL with a result once the panels have a minute of data."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Grafana of a stack with every role, after a minute of traffic."""
    assert find(os.environ.get("PATH"), print), (
        "no Grafana here: put `grafana` 12.4 to 13.1 on PATH"
    )
    with running(tmp_path_factory.mktemp("stack"), TRAFFIC_RATE="10") as stack:
        server = Server(stack)
        until(lambda: server.has_result(WARM), within_seconds=240)
        until(server.find_trace, within_seconds=60)
        yield server


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of pictures: ``SIGHTLINE_SCREENSHOTS``, or a temporary folder."""
    folder = Path(os.environ.get("SIGHTLINE_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def context(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Chromium with a new profile, as every new reader has it."""
    if not server.has_pages:
        pytest.skip("this Grafana has no web bundle: only its API is tested")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=program(), args=list(FLAGS)
        )
        yield context
        context.close()


@pytest.fixture
def dashboards(context: BrowserContext, server: Server) -> Iterator[DashboardPage]:
    """Page of the anonymous Viewer. The test fails on a fault of the page."""
    page = DashboardPage(context.new_page(), server.home).observe()
    yield page
    page.page.close()
    assert page.faults == []
