"""Latency of requests with and without a scrape of 10,000 lines per second.

The row is wall-clock time, as in behind_uvicorn.py: the median over interleaved rounds.
"""

from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Final
from urllib.request import Request, urlopen

from tests.benchmarks.load import Load, run_load, serving, url, uvicorn_case, why_unavailable
from tests.benchmarks.rows import Row, run_interleaved
from tests.benchmarks.series import LABEL_SETS
from tests.benchmarks.subjects import Subject

ROUNDS: Final = 7
CONNECTIONS: Final = 4
SECONDS: Final = 3
OPEN_METRICS: Final = {"Accept": "application/openmetrics-text;version=1.0.0"}
"""Header of Prometheus. Other formats have no exemplars."""

CASES: Final = {name: uvicorn_case(name, label_sets=LABEL_SETS) for name in ("ours", "PFI")}


def rows() -> Iterator[Row]:
    """Yield the row of the table."""
    found = {} if why_unavailable() else measure()
    yield Row(
        figure="request p99 while 10 000 lines are scraped once a second (ratio to without)",
        goal="unchanged",
        ours=why_unavailable() or p99_ratio(found, "ours"),
        peer=f"PFI {p99_ratio(found, 'PFI')}" if found else "",
    )


def measure() -> dict[str, list[Load]]:
    """Measure both cases with and without a scrape in interleaved rounds."""
    with serving(CASES) as subjects:
        turns = {}
        for name, subject in subjects.items():
            load = partial(run_load, subject, connections=CONNECTIONS, seconds=SECONDS)
            turns[name] = load
            turns[f"{name}, scraped"] = partial(load, meanwhile=partial(scrape, subject))
        return run_interleaved(turns, rounds=ROUNDS)


def scrape(subject: Subject) -> None:
    """Scrape the metrics, as Prometheus does."""
    with urlopen(Request(url(subject, "/metrics"), headers=OPEN_METRICS)) as answer:  # noqa: S310  loopback
        answer.read()


def p99_ratio(found: dict[str, list[Load]], name: str) -> str:
    """Return the median ratio of the p99 with a scrape to the p99 without."""
    pairs = zip(found[f"{name}, scraped"], found[name], strict=True)
    return f"{median(scraped.p99_seconds / plain.p99_seconds for scraped, plain in pairs):.2f}"
