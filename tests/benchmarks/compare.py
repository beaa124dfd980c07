"""Cost of the library in another checkout beside that of this one, in interleaved rounds.

::

    git worktree add /tmp/before COMMIT
    .venv/bin/python -m tests.benchmarks.compare /tmp/before

Subjects and installed packages are those of this checkout. Only ``instrumentation`` differs.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks import footprint
from tests.benchmarks.cpu import direct_case, measure
from tests.benchmarks.rows import run_interleaved
from tests.benchmarks.streams import RESPONSES
from tests.benchmarks.variants import TENTH

HERE: Final = Path(__file__).resolve().parents[2]
ROUNDS: Final = 24
BARE: Final = {
    "bare": direct_case("bare"),
    "bare of 50": direct_case("bare", service="fifty"),
    "bare stream": direct_case("bare", service="stream", requests=RESPONSES),
}
CASES: Final = {
    "traces, metrics, exemplars, export": ("bare", direct_case("ours")),
    "metrics only": ("bare", direct_case("metrics")),
    "unsampled parent": ("bare", direct_case("ours", parent="unsampled")),
    "10 % sampled": ("bare", direct_case("ours", environ=TENTH)),
    "50 routes": ("bare of 50", direct_case("ours", service="fifty")),
    "stream": ("bare stream", direct_case("ours", service="stream", requests=RESPONSES)),
}
"""Measured cases, each with the bare service that it is compared with."""


@contextmanager
def libraries(before: Path) -> Iterator[Mapping[str, Mapping[str, str]]]:
    """Yield the environments that import the library of *before* and that of this checkout."""
    with tempfile.TemporaryDirectory() as folder:
        environments = {}
        for name, checkout in (("before", before.resolve()), ("now", HERE)):
            path = Path(folder) / name
            path.mkdir()
            (path / "tests").symlink_to(HERE / "tests")
            (path / "instrumentation").symlink_to(checkout / "instrumentation")
            # Without PYTHONSAFEPATH, the working directory precedes PYTHONPATH.
            environments[name] = {"PYTHONPATH": str(path), "PYTHONSAFEPATH": "1"}
        yield environments


def ratios(environments: Mapping[str, Mapping[str, str]], rounds: int) -> Iterator[str]:
    """Yield a line of the table for each case: CPU as a ratio to the bare service."""
    cases = {("", name): case for name, case in BARE.items()}
    for version, environ in environments.items():
        for name, (_, case) in CASES.items():
            cases[version, name] = replace(case, environ={**case.environ, **environ})
    costs = {key: cost.microseconds for key, cost in measure(cases, rounds=rounds).items()}
    for name, (bare, _) in CASES.items():
        before, now = (costs[version, name] / costs["", bare] for version in environments)
        yield f"| {name} (CPU, ratio to bare) | {before:.2f} | {now:.2f} |\n"


def imports(environments: Mapping[str, Mapping[str, str]], rounds: int) -> str:
    """Return the line of the table for the import."""
    runs = run_interleaved(
        {
            version: partial(footprint.run, footprint.OURS, environ)
            for version, environ in environments.items()
        },
        rounds=rounds,
    )
    before, now = (
        f"{1000 * median(seconds for seconds, _ in runs[version]):.0f} ms"
        for version in environments
    )
    return f"| import and set-up over fastapi + uvicorn | {before} | {now} |\n"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compare", description=__doc__)
    parser.add_argument("before", type=Path, help="folder of the other checkout")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    if not (arguments.before / "instrumentation").is_dir():
        parser.error(f"{arguments.before} has no folder instrumentation: give a checkout")
    with libraries(arguments.before) as environments:
        sys.stdout.write("| figure | before | now |\n|---|---|---|\n")
        for line in ratios(environments, arguments.rounds):
            sys.stdout.write(line)
        sys.stdout.write(imports(environments, arguments.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
