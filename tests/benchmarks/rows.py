"""Rows of the table, and interleaved measurements."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TypeVar

Work = Callable[[], object]
Result = TypeVar("Result")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Figure of the table."""

    figure: str
    goal: str
    ours: str
    peer: str
    """Best peer in the same run."""


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a Markdown table, each as soon as its row is measured."""
    yield "| figure | goal | ours | peer |\n|---|---|---|---|\n"
    for row in rows:
        yield f"| {row.figure} | {row.goal} | {row.ours} | {row.peer} |\n"


def run_interleaved(
    works: Mapping[Key, Callable[[], Result]], *, rounds: int
) -> dict[Key, list[Result]]:
    """Return the results of *works* in *rounds*. Every round calls each of them once."""
    results: dict[Key, list[Result]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            results[name].append(work())
    return results


def run_medians(works: Mapping[Key, Callable[[], float]], *, rounds: int) -> dict[Key, float]:
    """Return the median result of each of *works* over interleaved *rounds*."""
    return {name: median(found) for name, found in run_interleaved(works, rounds=rounds).items()}


def cpu_medians(*works: Work, rounds: int) -> list[float]:
    """Return the median CPU seconds of each of *works* over interleaved *rounds*.

    A processor that speeds up for a few rounds does not change it, as it would change a minimum.
    """
    turns = {number: partial(_cpu, work) for number, work in enumerate(works)}
    return list(run_medians(turns, rounds=rounds).values())


def _cpu(work: Work) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
