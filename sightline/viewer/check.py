"""``sightline check``: test every panel of the dashboards on the data of a running stack."""

import argparse
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sightline.artifacts import DASHBOARDS
from sightline.errors import ConfigurationError
from sightline.grafana.dashboard import Dashboard, DashboardError
from sightline.grafana.interpolation import Scope
from sightline.grafana.timerange import BadTime, TimeRange
from sightline.printable import printable_lines
from sightline.viewer import proof
from sightline.viewer.model.settings import Settings
from sightline.viewer.proof import Limits, Row
from sightline.viewer.sources.apis import Sources

MAX_SERIES: Final = 20
MAX_SECONDS: Final = 0.5


def main(arguments: Sequence[str]) -> int:
    """Check dashboards and print the problems; return 0 without a problem, else 1.

    Raises:
        ConfigurationError: An argument or variable is invalid.
    """
    asked = parser().parse_args(arguments)
    settings = Settings.from_env(os.environ)
    dashboards, broken = _dashboards(asked.paths or [DASHBOARDS])
    rows = broken + proof.run(
        dashboards,
        Sources.from_settings(settings),
        Scope(time=_time(asked.start), scrape_seconds=settings.scrape_interval_seconds),
        limits=Limits(series=asked.most_series, seconds=asked.within),
    )
    for line in report(rows, everything=asked.all):
        print(printable_lines(line))
    return 0 if all(row.passed for row in rows) else 1


def report(rows: Sequence[Row], *, everything: bool) -> list[str]:
    """Return a line per problem (or, with *everything*, per row) and a summary."""
    shown = [row for row in rows if everything or not row.passed]
    counts = Counter(row.verdict for row in rows)
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    dashboards = len({row.dashboard for row in rows})
    return [
        *map(_line, shown),
        f"{dashboards} dashboards, {len(rows)} queries and panels: {summary}",
    ]


def _line(row: Row) -> str:
    detail = f"  {' '.join(row.detail.split())}" if row.detail else ""
    size = f"{row.series:4} series {1000 * row.seconds:5.0f} ms"
    return f"{row.verdict:14}  {row.dashboard}: {row.name} ({row.kind})  {size}{detail}"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(prog="sightline check", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="dashboard files, or folders of them")
    parser.add_argument("--from", dest="start", default="now-5m", help="start of the time range")
    parser.add_argument("--all", action="store_true", help="also show what has no problem")
    parser.add_argument(
        "--most-series", type=int, default=MAX_SERIES, help="maximum number of series of a panel"
    )
    parser.add_argument(
        "--within", type=float, default=MAX_SECONDS, help="maximum duration of a query in seconds"
    )
    return parser


def _time(start: str) -> TimeRange:
    try:
        return TimeRange.parse(start, "now", now=time.time())
    except BadTime as error:
        raise ConfigurationError(f"--from {start}: {error}") from error


def _dashboards(paths: Sequence[Path]) -> tuple[list[Dashboard], list[Row]]:
    """Return the dashboards of *paths*, and a row for each file that is none."""
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*.json")) if path.is_dir() else [path])
    ]
    if not files:
        raise ConfigurationError(f"{', '.join(map(str, paths))}: expected dashboard files (*.json)")
    dashboards: list[Dashboard] = []
    broken: list[Row] = []
    for file in files:
        try:
            dashboards.append(Dashboard.read(file))
        except DashboardError as error:
            broken.append(
                Row(
                    dashboard=file.stem,
                    kind="file",
                    name=file.name,
                    verdict="failed",
                    detail=str(error),
                )
            )
    return dashboards, broken
