"""``make bench``: a table with the figures of one run, next to those of the peers."""

import logging
import signal
import sys
from collections.abc import Callable, Iterable

from tests.benchmarks import (
    behind_uvicorn,
    encode,
    export_rate,
    footprint,
    per_request,
    recycled,
    scrape,
    scrape_under_load,
    shutdowns,
    streams,
)
from tests.benchmarks.rows import Row, lines

BENCHMARKS: dict[str, Callable[[], Iterable[Row]]] = {
    "per_request": per_request.rows,
    "streams": streams.rows,
    "behind_uvicorn": behind_uvicorn.rows,
    "footprint": footprint.rows,
    "scrape": scrape.rows,
    "scrape_under_load": scrape_under_load.rows,
    "recycled": recycled.rows,
    "encode": encode.rows,
    "export_rate": export_rate.rows,
    "shutdowns": shutdowns.rows,
}
"""Benchmarks by name. ``python -m tests.benchmarks encode scrape`` runs two of them."""


def main(names: list[str]) -> int:
    """Run the benchmarks *names*, or all, and print their rows. Return 130 after a signal."""
    logging.disable()  # exporters report the collectors that fail on purpose
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    rows = (row for name in names or BENCHMARKS for row in BENCHMARKS[name]())
    try:
        for line in lines(rows):
            sys.stdout.write(line)
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
