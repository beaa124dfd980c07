"""CPU of requests without a server: subjects side by side, the cheapest round of each.

What else the machine does makes a round dearer, never cheaper.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.rows import in_turn
from tests.benchmarks.subjects import PLAIN, Case, Subject, exporting_to, side_by_side
from tests.fakes import Collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a round of a case takes at least."""

    microseconds: float
    """CPU of the whole process, a request."""
    spans: int
    """How many the collector got."""


def called(
    variant: str,
    *,
    service: str = "small",
    parent: str = "none",
    requests: int = 1600,
    environ: Mapping[str, str] = PLAIN,
) -> Case:
    """A *variant* of a *service*, so many times a round."""
    arguments = (variant, service, parent, requests)
    return Case(module="called", arguments=arguments, environ=environ)


def measured(cases: Mapping[str, Case], *, rounds: int = 12) -> dict[str, Cost]:
    """The cost of each case, over interleaved rounds."""
    with Collector() as collector, side_by_side(cases, exporting_to(collector)) as subjects:
        turns = {name: partial(_round, subject, collector) for name, subject in subjects.items()}
        costs = in_turn(turns, rounds=rounds)
    return {
        name: Cost(
            microseconds=min(microseconds for microseconds, _ in found),
            spans=max(spans for _, spans in found),
        )
        for name, found in costs.items()
    }


def _round(subject: Subject, collector: Collector) -> tuple[float, int]:
    before = collector.deliveries
    return float(subject.asked()), collector.deliveries - before
