"""Counts on hand-written pages, between markers: the second step of ``make generate``.

A count is written as ``<!-- count: alerts -->58<!-- end -->``.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sightline.mixin import catalogue, dashboards, generated

ROOT: Final = Path(__file__).resolve().parents[2]

PAGES: Final = ("README.md",)
"""Pages that contain counts, relative to the root of the repository."""

MARKED: Final = re.compile(r"(<!-- count: (\w+) -->)(.*?)(<!-- end -->)")


def main() -> None:
    """Write the current counts into the pages."""
    for name in PAGES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if generated.write(path, updated(text, counts())):
            print(f"wrote   {name}")


def updated(text: str, values: Mapping[str, int]) -> str:
    """Return *text* with the number between each pair of markers replaced from *values*."""
    return MARKED.sub(lambda match: f"{match[1]}{values[match[2]]}{match[4]}", text)


def counts() -> dict[str, int]:
    """Return the number of artifacts by kind."""
    rows = [row for dashboard in dashboards.ALL for row in dashboard.rows]
    return {
        "alerts": len({alert.name for alert in catalogue.alerts()}),
        "dashboards": len(dashboards.ALL),
        "panels": sum(len(line) for row in rows for line in row.lines),
    }


if __name__ == "__main__":
    main()
