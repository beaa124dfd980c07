"""Complete stack, and the browser of the distribution."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.browser.chromium import FLAGS, program
from tests.stacks import LocalStack, running
from tests.waiting import until

TIMEOUT_SECONDS = 60
"""Timeout of the browser, for machines under load."""

expect.set_options(timeout=TIMEOUT_SECONDS * 1000)


@dataclass
class ObservedPage:
    """Page with its faults."""

    page: Page
    home: str
    screenshots: Path
    faults: list[str] = field(default_factory=list)
    """Console errors and requests to other hosts."""

    def open(self, path: str) -> Page:
        """Open *path* of the viewer."""
        self.page.goto(self.home + path)
        return self.page

    def save_screenshot(self, name: str) -> None:
        """Save a screenshot of the whole page."""
        self.page.set_viewport_size({"width": 1600, "height": 1000})
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": 1600, "height": min(height, 4000)})
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=self.screenshots / f"{name}.png")

    def observe(self) -> "ObservedPage":
        """Record faults from now on."""
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._record_foreign_request)
        self.page.on("console", self._record_error)
        return self

    def _record_error(self, message: ConsoleMessage) -> None:
        # A container that starts at the same time changes network interfaces. The page retries.
        if message.type == "error" and "ERR_NETWORK_CHANGED" not in message.text:
            self.faults.append(message.text)

    def _record_foreign_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.faults.append(f"requested {request.url}")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Stack with a trace through all three services and the first request rates."""
    with running(tmp_path_factory.mktemp("stack"), TRAFFIC_RATE="10") as stack:
        until(lambda: find_complete_trace(stack), within_seconds=120)
        until(lambda: has_rate(stack), within_seconds=120)
        yield stack


def find_complete_trace(stack: LocalStack) -> str:
    """Return the id of a trace through all three services, or an empty string."""
    found = stack.ask("jaeger_query", "/api/traces?service=users&limit=20").json()["data"]
    return next((trace["traceID"] for trace in found if is_complete(trace)), "")


def is_complete(trace: dict[str, Any]) -> bool:
    """Return true if *trace* has the three services, one root and every parent.

    Each service exports on its own: the newest trace often lacks its first spans.
    """
    names = {process["serviceName"] for process in trace["processes"].values()}
    ids = {span["spanID"] for span in trace["spans"]}
    parents = [reference["spanID"] for span in trace["spans"] for reference in span["references"]]
    return (
        names >= {"gateway", "orders", "users"}
        and ids.issuperset(parents)
        and len(parents) == len(ids) - 1
    )


def has_rate(stack: LocalStack) -> bool:
    """Return true if Prometheus has a request rate."""
    expr = "sum(job:http_server_requests:rate) > 0"
    answer = stack.ask("prometheus", "/api/v1/query", params={"query": expr}).json()
    return bool(answer["data"]["result"])


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    """Start Playwright once; a second start in the same process fails."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def context(
    chromium: BrowserType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """Start Chromium with a new profile."""
    context = chromium.launch_persistent_context(
        tmp_path_factory.mktemp("profile"),
        executable_path=program(),
        args=list(FLAGS),
        viewport={"width": 1600, "height": 1000},
        timezone_id="Europe/Berlin",
    )
    yield context
    context.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of screenshots: ``SIGHTLINE_SCREENSHOTS``, or a temporary folder."""
    folder = Path(os.environ.get("SIGHTLINE_SCREENSHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def observed(
    context: BrowserContext, stack: LocalStack, screenshots: Path, request: pytest.FixtureRequest
) -> Iterator[ObservedPage]:
    """Page of the viewer. The test fails on a fault, and ends with a screenshot."""
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_SECONDS * 1000)
    page.set_viewport_size({"width": 1600, "height": 1000})
    observed = ObservedPage(page, stack.url("grafana"), screenshots).observe()
    yield observed
    observed.save_screenshot(
        re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    )
    page.close()
    assert observed.faults == []
