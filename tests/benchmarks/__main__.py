"""``make bench``: one table, every figure of one run, ours beside the peers."""

import sys
from collections.abc import Callable, Iterable

from tests.benchmarks import encode, export_rate, footprint, per_request, scrape, shutdowns
from tests.benchmarks.rows import Row, table

BENCHMARKS: dict[str, Callable[[], Iterable[Row]]] = {
    "per_request": per_request.rows,
    "footprint": footprint.rows,
    "scrape": scrape.rows,
    "encode": encode.rows,
    "export_rate": export_rate.rows,
    "shutdowns": shutdowns.rows,
}
"""By the name that picks it: ``python -m tests.benchmarks encode scrape``."""


def main(names: list[str]) -> None:
    """Run the benchmarks *names*, or all, and print their rows."""
    rows = (row for name in names or BENCHMARKS for row in BENCHMARKS[name]())
    sys.stdout.write(table(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
