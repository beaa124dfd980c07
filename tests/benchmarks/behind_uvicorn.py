"""Throughput and latency of one uvicorn worker that wrk asks as fast as it can, beside the peers.

Time, not CPU: rows to read on a machine at rest. A ratio is the median over rounds in which every
case had its turn.
"""

from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from statistics import median
from typing import Final

from tests.benchmarks.load import Load, loaded, missing, served, serving
from tests.benchmarks.rows import Row, in_turn
from tests.benchmarks.variants import TENTH

ROUNDS: Final = 7
CONNECTIONS: Final = 32
SECONDS: Final = 3

CASES: Final = {
    "bare": served("bare"),
    "ours": served("ours"),
    "metrics": served("metrics"),
    "tenth": served("ours", environ=TENTH),
    "contrib+PFI": served("contrib+PFI"),
    "native": served("native"),
    "PFI": served("PFI"),
}

Rounds = dict[str, list[Load]]
Of = Callable[[Load], float]


def rows() -> Iterator[Row]:
    """The figures for the table."""
    found = {} if missing() else measured()
    for figure, goal, of, ours, peers in TABLE:
        yield Row(
            figure=f"{figure} behind uvicorn (ratio to bare)",
            goal=goal,
            ours=missing() or f"{ratio(found, ours, of):.2f}",
            peer="; ".join(f"{peer} {ratio(found, peer, of):.2f}" for peer in peers if found),
        )


RATE: Final = attrgetter("requests_per_second")
P99: Final = attrgetter("p99_seconds")
CPU: Final = attrgetter("cpu_seconds")

TABLE: Final[tuple[tuple[str, str, Of, str, tuple[str, ...]], ...]] = (
    ("requests/s, everything on", "≥ 0.75", RATE, "ours", ("native", "contrib+PFI")),
    ("requests/s, 10 % sampled", "≥ 0.88", RATE, "tenth", ()),
    ("requests/s, metrics only", "≥ 0.97", RATE, "metrics", ("PFI",)),
    ("p99 of latency, everything on", "≤ 1.5", P99, "ours", ("native", "contrib+PFI")),
    ("CPU, everything on", "", CPU, "ours", ("native", "contrib+PFI")),
)


def measured() -> Rounds:
    """Every case, round after round."""
    with serving(CASES) as subjects:
        turns = {
            name: partial(loaded, subject, connections=CONNECTIONS, seconds=SECONDS)
            for name, subject in subjects.items()
        }
        return in_turn(turns, rounds=ROUNDS)


def ratio(found: Rounds, name: str, of: Of) -> float:
    """How the case *name* compares to the bare one of the same round, in the median."""
    pairs = zip(found[name], found["bare"], strict=True)
    return median(of(load) / of(bare) for load, bare in pairs)
