"""What a benchmark found, and how it is shown."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

Work = Callable[[], object]
Found = TypeVar("Found")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure."""

    figure: str
    goal: str
    ours: str
    peer: str
    """The best other one, in the same run."""


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """*rows* in Markdown, each as soon as it is found."""
    yield "| figure | goal | ours | peer |\n|---|---|---|---|\n"
    for row in rows:
        yield f"| {row.figure} | {row.goal} | {row.ours} | {row.peer} |\n"


def in_turn(works: Mapping[Key, Callable[[], Found]], *, rounds: int) -> dict[Key, list[Found]]:
    """What each of *works* gives, *rounds* times; all take a round before any takes the next."""
    found: dict[Key, list[Found]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return found


def cpu_minima(*works: Work, rounds: int) -> list[float]:
    """CPU seconds of each of *works*, the least of *rounds*, taken in turn.

    What else the machine does makes a round longer, never shorter.
    """
    turns = {number: partial(_cpu, work) for number, work in enumerate(works)}
    return [min(seconds) for seconds in in_turn(turns, rounds=rounds).values()]


def _cpu(work: Work) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
