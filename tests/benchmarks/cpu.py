"""CPU of requests without a server: the median over interleaved rounds of all subjects.

Other load makes some rounds more expensive, and a processor that speeds up makes some cheaper.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median

from tests.benchmarks.rows import run_interleaved
from tests.benchmarks.subjects import PLAIN, Case, Key, Subject, export_environment, start_subjects
from tests.fakes import Collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Median cost of a round."""

    microseconds: float
    """CPU of the whole process per request."""
    spans: int
    """Number of spans at the collector."""


def direct_case(
    variant: str,
    *,
    service: str = "small",
    parent: str = "none",
    requests: int = 1600,
    environ: Mapping[str, str] = PLAIN,
) -> Case:
    """Return the case of a *variant* of *service*, with *requests* per round."""
    arguments = (variant, service, parent, requests)
    return Case(module="subject_direct", arguments=arguments, environ=environ)


def measure(cases: Mapping[Key, Case], *, rounds: int = 12) -> dict[Key, Cost]:
    """Measure the cost of each case over interleaved rounds."""
    with Collector() as collector, start_subjects(cases, export_environment(collector)) as subjects:
        turns = {name: partial(_round, subject, collector) for name, subject in subjects.items()}
        costs = run_interleaved(turns, rounds=rounds)
    return {
        name: Cost(
            microseconds=median(microseconds for microseconds, _ in found),
            spans=max(spans for _, spans in found),
        )
        for name, found in costs.items()
    }


def _round(subject: Subject, collector: Collector) -> tuple[float, int]:
    before = collector.deliveries
    return float(subject.ask()), collector.deliveries - before
