"""A whole stack, and the distribution's own browser."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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

PATIENCE_SECONDS = 60
"""How long the browser may take on cores that others use too."""

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@dataclass
class Watched:
    """A page, and everything that it should not have done."""

    page: Page
    home: str
    shots: Path
    faults: list[str] = field(default_factory=list)
    """Console errors and requests to anybody else."""

    def open(self, path: str) -> Page:
        """Go to *path* of the viewer."""
        self.page.goto(self.home + path)
        return self.page

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        self.page.set_viewport_size({"width": 1600, "height": 1000})
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": 1600, "height": min(height, 4000)})
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=self.shots / f"{name}.png")

    def watch(self) -> "Watched":
        """Note faults from here on."""
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._foreign)
        self.page.on("console", self._said)
        return self

    def _said(self, message: ConsoleMessage) -> None:
        # Whoever starts containers meanwhile changes the machine's interfaces; the page asks again.
        if message.type == "error" and "ERR_NETWORK_CHANGED" not in message.text:
            self.faults.append(message.text)

    def _foreign(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.faults.append(f"asked {request.url}")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Everything, with a trace through all three services and a minute's first metrics."""
    with running(tmp_path_factory.mktemp("stack"), TRAFFIC_RATE="10") as stack:
        until(lambda: whole_trace(stack), within_seconds=120)
        until(lambda: rated(stack), within_seconds=120)
        yield stack


def whole_trace(stack: LocalStack) -> str:
    """Id of a trace that all three services have a part in; empty when there is none yet."""
    found = stack.ask("jaeger_query", "/api/traces?service=users&limit=20").json()["data"]
    names = {
        one["traceID"]: {process["serviceName"] for process in one["processes"].values()}
        for one in found
    }
    whole = [id_ for id_, services in names.items() if {"gateway", "orders", "users"} <= services]
    return whole[0] if whole else ""


def rated(stack: LocalStack) -> bool:
    """Whether Prometheus knows a rate of requests."""
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
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures are kept: ``SIGHTLINE_SCREENSHOTS``, or pytest's own folder."""
    folder = Path(os.environ.get("SIGHTLINE_SCREENSHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def watched(
    context: BrowserContext, stack: LocalStack, shots: Path, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    """A fresh page of the viewer that is photographed at the end, and may have no fault."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.set_viewport_size({"width": 1600, "height": 1000})
    watched = Watched(page, stack.url("grafana"), shots).watch()
    yield watched
    watched.shoot(re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-"))
    page.close()
    assert watched.faults == []
