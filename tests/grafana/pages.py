"""Dashboards of Grafana in Chromium."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, Request

from tests.waiting import until

WITHIN_SECONDS = 120
TALLEST = 9000
"""Largest height of the window in pixels; Grafana draws only panels in sight."""

QUALITY = 80
"""JPEG quality that keeps text sharp."""

PANELS = '[data-testid^="data-testid Panel header "]'
BUSY = '[aria-label="Panel loading bar"]'
FAILED = '[data-testid="data-testid Panel status error"]'
NO_DATA = ("No data", "Data does not have a time field", "No data found in response")
"""Texts of panels for which Grafana has nothing to draw; a panel's own text is no fault."""

TRACE_ID = re.compile(r"^[0-9a-f]{32}$")


@dataclass
class DashboardPage:
    """Page with its faults."""

    page: Page
    home: str
    faults: list[str] = field(default_factory=list)
    """Uncaught exceptions, and requests to other hosts."""

    def observe(self) -> "DashboardPage":
        """Record faults from now on."""
        self.page.set_default_timeout(WITHIN_SECONDS * 1000)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._record_foreign_request)
        return self

    def open(self, path: str, *, width: int = 1440) -> None:
        """Open *path*, and wait until every panel is drawn."""
        self.page.set_viewport_size({"width": width, "height": 1000})
        self.page.goto(self.home + path)
        self.page.locator(PANELS).first.wait_for()
        self.draw_all(width)

    def draw_all(self, width: int) -> None:
        """Make the window as tall as the dashboard, and wait until no panel is busy."""
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": width, "height": min(height, TALLEST)})
        drawn: list[str] = []

        def settled() -> bool:
            """Return true if no panel is busy and the text is that of a second ago."""
            drawn.append(self.page.locator("body").inner_text())
            return self.page.locator(BUSY).count() == 0 and drawn[-1:] == drawn[-2:-1]

        until(settled, within_seconds=WITHIN_SECONDS, every_seconds=1.0)

    def open_rows(self, width: int) -> None:
        """Open every collapsed row, and wait until its panels are drawn."""
        rows = self.page.get_by_role("button", name="Expand row")
        for _ in range(rows.count()):
            rows.first.click()
        self.draw_all(width)

    def titles(self) -> list[str]:
        """Return the titles of the panels."""
        return [_title(one) for one in self.page.locator(PANELS).all()]

    def failed(self) -> list[str]:
        """Return the titles of panels with an error badge."""
        return [
            _title(one) for one in self.page.locator(PANELS, has=self.page.locator(FAILED)).all()
        ]

    def empty(self) -> list[str]:
        """Return the titles of panels that have nothing to draw and do not say why."""
        return [
            _title(one)
            for one in self.page.locator(PANELS).all()
            if any(text in one.inner_text() for text in NO_DATA)
        ]

    def panel(self, title: str) -> Locator:
        """Return the panel with this title."""
        return self.page.locator(f'[data-testid="data-testid Panel header {title}"]')

    def link(self, path: str, *, of: str = "") -> str:
        """Return the address of the first link to *path*, whose text is *of* if given."""
        found = self.page.locator(f'a[href*="{path}"]')
        return str((found.filter(has_text=of) if of else found).first.get_attribute("href"))

    def trace_link(self) -> str:
        """Return the link of the first trace id in a table, from the menu of its cell."""
        cell = self.page.get_by_role("gridcell").filter(has_text=TRACE_ID).first
        cell.scroll_into_view_if_needed()
        cell.click()
        return self.link("var-trace_id=")

    def exemplar_link(self) -> str:
        """Return the link in the tooltip of an exemplar."""
        marker = self.page.get_by_test_id("data-testid Exemplar marker").first
        marker.focus()
        marker.press("Enter")
        return str(self.page.get_by_role("link", name="Open the trace").get_attribute("href"))

    def save_picture(self, file: Path) -> None:
        """Save a picture of the whole window."""
        self.page.screenshot(path=file, type="jpeg", quality=QUALITY)

    def _record_foreign_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.faults.append(f"requested {request.url}")


def _title(panel: Locator) -> str:
    return str(panel.get_attribute("data-testid")).removeprefix("data-testid Panel header ")
