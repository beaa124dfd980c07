"""Throughput and latency of one uvicorn worker under maximum load, next to the peers.

The rows are wall-clock times and need an idle machine. A ratio is the median over interleaved
rounds.
"""

from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from statistics import median
from typing import Final

from tests.benchmarks.load import Load, run_load, serving, uvicorn_case, why_unavailable
from tests.benchmarks.rows import Row, run_interleaved
from tests.benchmarks.variants import TENTH

ROUNDS: Final = 7
CONNECTIONS: Final = 32
SECONDS: Final = 3

CASES: Final = {
    "bare": uvicorn_case("bare"),
    "ours": uvicorn_case("ours"),
    "metrics": uvicorn_case("metrics"),
    "tenth": uvicorn_case("ours", environ=TENTH),
    "contrib+PFI": uvicorn_case("contrib+PFI"),
    "native": uvicorn_case("native"),
    "PFI": uvicorn_case("PFI"),
}

Rounds = dict[str, list[Load]]
Of = Callable[[Load], float]


def rows() -> Iterator[Row]:
    """Yield the rows of the table."""
    found = {} if why_unavailable() else measure()
    for figure, goal, of, ours, peers in TABLE:
        yield Row(
            figure=f"{figure} behind uvicorn (ratio to bare)",
            goal=goal,
            ours=why_unavailable() or f"{ratio(found, ours, of):.2f}",
            peer="; ".join(f"{peer} {ratio(found, peer, of):.2f}" for peer in peers if found),
        )


RATE: Final = attrgetter("requests_per_second")
P99: Final = attrgetter("p99_seconds")
CPU: Final = attrgetter("cpu_seconds")

TABLE: Final[tuple[tuple[str, str, Of, str, tuple[str, ...]], ...]] = (
    ("requests/s, everything on", "≥ 0.75", RATE, "ours", ("native", "contrib+PFI")),
    ("requests/s, 10 % sampled", "≥ 0.93", RATE, "tenth", ()),
    ("requests/s, metrics only", "≥ 0.97", RATE, "metrics", ("PFI",)),
    ("p99 of latency, everything on", "≤ 1.5", P99, "ours", ("native", "contrib+PFI")),
    ("CPU, everything on", "", CPU, "ours", ("native", "contrib+PFI")),
)


def measure() -> Rounds:
    """Measure every case in interleaved rounds."""
    with serving(CASES) as subjects:
        turns = {
            name: partial(run_load, subject, connections=CONNECTIONS, seconds=SECONDS)
            for name, subject in subjects.items()
        }
        return run_interleaved(turns, rounds=ROUNDS)


def ratio(found: Rounds, name: str, of: Of) -> float:
    """Return the median ratio of the case *name* to the bare one of the same round."""
    pairs = zip(found[name], found["bare"], strict=True)
    return median(of(load) / of(bare) for load, bare in pairs)
