"""Measure the rules and dashboards on the series of many services, and print two tables.

::

    python -m tests.benchmarks.scale
    python -m tests.benchmarks.scale --rules FOLDER --dashboards FOLDER
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sightline.artifacts import DASHBOARDS, PROMETHEUS
from tests.benchmarks.scale import laboratory, objectives, report
from tests.benchmarks.scale.laboratory import Laboratory
from tests.benchmarks.scale.rules import files
from tests.benchmarks.scale.world import World


def main() -> int:
    """Run the benchmark."""
    asked = parser().parse_args()
    world = World(services=asked.services, replicas=asked.replicas, routes=asked.routes)
    with (
        tempfile.TemporaryDirectory(prefix="sightline-scale-") as folder,
        laboratory.running(world, Path(folder)) as lab,
    ):
        for line in measured(lab, asked):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


def measured(lab: Laboratory, asked: argparse.Namespace) -> Iterator[str]:
    """Measure each query, and yield the lines of the report."""
    paths = files(asked.rules)
    if asked.objectives:
        paths.append(objectives.build(lab.world, lab.prometheus.folder))
    raw = lab.count("{job!=''}")
    yield f"Prometheus {lab.prometheus.version}, {raw:,} series\n"
    lab.backfill(paths, lab.record(paths))
    yield from report.rules(lab.prometheus, paths, at=lab.at, asked=asked)
    yield ""
    yield from report.dashboards(lab.prometheus, asked.dashboards, at=lab.at, asked=asked)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.scale", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--services", type=int, default=10)
    parser.add_argument("--replicas", type=int, default=20, help="of each service")
    parser.add_argument("--routes", type=int, default=50, help="of each service")
    parser.add_argument("--objectives", action="store_true", help="add two for each service")
    parser.add_argument("--rules", type=Path, default=PROMETHEUS / "rules" / "production")
    parser.add_argument("--dashboards", type=Path, default=DASHBOARDS)
    parser.add_argument("--rounds", type=int, default=3, help="for each query")
    parser.add_argument("--details", action="store_true", help="show each query")
    return parser


if __name__ == "__main__":
    sys.exit(main())
