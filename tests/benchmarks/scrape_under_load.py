"""Latency of requests while ten thousand lines are scraped once a second, and while they are not.

Time, not CPU, as behind_uvicorn.py: the median of rounds in which both had their turn.
"""

from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Final
from urllib.request import Request, urlopen

from tests.benchmarks.load import Load, loaded, missing, served, serving, url
from tests.benchmarks.rows import Row, in_turn
from tests.benchmarks.series import LABEL_SETS
from tests.benchmarks.subjects import Subject

ROUNDS: Final = 7
CONNECTIONS: Final = 4
SECONDS: Final = 3
OPEN_METRICS: Final = {"Accept": "application/openmetrics-text;version=1.0.0"}
"""As Prometheus asks; exemplars travel in no other format."""

CASES: Final = {name: served(name, label_sets=LABEL_SETS) for name in ("ours", "PFI")}


def rows() -> Iterator[Row]:
    """The figure for the table."""
    found = {} if missing() else measured()
    yield Row(
        figure="request p99 while 10 000 lines are scraped once a second (ratio to without)",
        goal="unchanged",
        ours=missing() or slower(found, "ours"),
        peer=f"PFI {slower(found, 'PFI')}" if found else "",
    )


def measured() -> dict[str, list[Load]]:
    """Both cases with and without a scrape, round after round."""
    with serving(CASES) as subjects:
        turns = {}
        for name, subject in subjects.items():
            load = partial(loaded, subject, connections=CONNECTIONS, seconds=SECONDS)
            turns[name] = load
            turns[f"{name}, scraped"] = partial(load, meanwhile=partial(scrape, subject))
        return in_turn(turns, rounds=ROUNDS)


def scrape(subject: Subject) -> None:
    """As Prometheus does."""
    with urlopen(Request(url(subject, "/metrics"), headers=OPEN_METRICS)) as answer:  # noqa: S310  http, of ours
        answer.read()


def slower(found: dict[str, list[Load]], name: str) -> str:
    """How the p99 of the case *name* changes with the scrape."""
    pairs = zip(found[f"{name}, scraped"], found[name], strict=True)
    return f"{median(scraped.p99_seconds / quiet.p99_seconds for scraped, quiet in pairs):.2f}"
