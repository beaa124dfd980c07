"""Screenshots of every page of a running stack: ``python -m tests.browser.pictures FOLDER``.

Run the stack for 15 minutes first, with a fault in between.
"""

import sys
import tempfile
from pathlib import Path

import requests
from playwright.sync_api import Page, expect, sync_playwright

from sightline.artifacts import DASHBOARDS
from tests.browser.chromium import FLAGS, program

HOME = "http://localhost:3000"
WIDTH = 1600
LOADING = "section:not(.closed) .message.loading"
QUALITY = 82
"""JPEG quality that keeps text sharp."""


def main(folder: Path, home: str = HOME) -> None:
    """Write one screenshot per page."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=program(), args=list(FLAGS)
        )
        page = context.new_page()
        for name, path in pages(home).items():
            save_picture(page, home + path, folder / f"{name}.jpg")
        context.close()


def pages(home: str) -> dict[str, str]:
    """Return name and path of each page."""
    trace = find_trace(home)
    boards = {file.stem: f"/d/{file.stem}?from=now-15m" for file in DASHBOARDS.glob("*.json")}
    boards["latency-explorer"] += f"&var-trace_id={trace}"
    others = {"traces": "/traces", "trace": f"/trace/{trace}", "map": "/map", "alerts": "/alerts"}
    return boards | others


def find_trace(home: str) -> str:
    """Return the id of a trace with spans of users."""
    text = requests.get(f"{home}/traces?service=users&limit=50", timeout=60).text
    return text.split('href="/trace/', 1)[1].split('"', 1)[0]


def save_picture(page: Page, address: str, file: Path) -> None:
    """Write a screenshot of a whole page."""
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.goto(address)
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": min(max(height, 700), 4000)})
    expect(page.locator(LOADING)).to_have_count(0, timeout=60_000)
    page.screenshot(path=file, type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
