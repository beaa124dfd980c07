"""What a benchmark found, and how it is shown."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure."""

    figure: str
    goal: str
    ours: str
    peer: str
    """The best other one, in the same run."""


def table(rows: Iterable[Row]) -> str:
    """*rows* in Markdown."""
    head = "| figure | goal | ours | peer |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {row.figure} | {row.goal} | {row.ours} | {row.peer} |\n" for row in rows
    )


def cpu_minima(*works: Work, rounds: int) -> list[float]:
    """CPU seconds of each of *works*, the least of *rounds*, taken in turn.

    What else the machine does makes a round longer, never shorter.
    """
    least = [float("inf")] * len(works)
    for _ in range(rounds):
        least = [min(known, _cpu(work)) for known, work in zip(least, works, strict=True)]
    return least


def _cpu(work: Work) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
