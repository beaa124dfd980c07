"""Tables of the benchmark."""

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from tests.benchmarks.scale import boards
from tests.benchmarks.scale.prometheus import Cost, Prometheus
from tests.benchmarks.scale.rules import NOTHING, Group, costs, groups, recorded, total

CYCLE_SECONDS: Final = 30
FULL_SIZE: Final = 20
"""The services of a large company: 20 times those of the benchmark."""
LOADS: Final = ("fleet", "service")
"""Dashboards with a goal."""
SERVICE: Final = "service-0"
OBJECTIVES: Final = "slo."
"""Start of the names of the groups of objectives, one or more for each service."""


def rules(
    prometheus: Prometheus, paths: Sequence[Path], *, at: float, asked: argparse.Namespace
) -> Iterator[str]:
    """Yield a row for each rule group, and their sum."""
    yield "| group | interval | rules | CPU-s | of the limit | peak samples | series |"
    yield "|---|---|---|---|---|---|---|"
    cycle, written = 0.0, 0
    for name, same in groupby(sorted(groups(paths), key=_title), key=_title):
        rows = [(group, costs(prometheus, group, at=at, rounds=asked.rounds)) for group in same]
        dearest = max(_share_of_limit(group, total(found)) for group, found in rows)
        cost = sum((total(found) for _, found in rows), NOTHING)
        cycle += sum(
            total(found).cpu_seconds * CYCLE_SECONDS / group.interval_seconds
            for group, found in rows
        )
        series = sum(recorded(found) for _, found in rows)
        written += series
        count = sum(len(found) for _, found in rows)
        yield (
            f"| {name} | {rows[0][0].interval_seconds:.0f} s | {count} "
            f"| {cost.cpu_seconds:.3f} | {dearest:.0%} | {cost.peak_samples:,} | {series:,} |"
        )
        if asked.details:
            yield from (_detail(one.rule, one.cost) for _, found in rows for one in found)
    yield f"| sum, per {CYCLE_SECONDS} s | | | {cycle:.2f} | | | {written:,} |"


def dashboards(
    prometheus: Prometheus, folder: Path, *, at: float, asked: argparse.Namespace
) -> Iterator[str]:
    """Yield a row for each dashboard."""
    yield "| dashboard | queries | CPU-s | peak samples |"
    yield "|---|---|---|---|"
    for uid in LOADS:
        asks = boards.questions(folder / f"{uid}.json", service=SERVICE, at=at)
        found = [(ask.name, boards.cost(prometheus, ask, rounds=asked.rounds)) for ask in asks]
        cost = sum((one for _, one in found), NOTHING)
        yield f"| {uid} | {len(found)} | {cost.cpu_seconds:.2f} | {cost.peak_samples:,} |"
        if asked.details:
            yield from (_detail(name, one) for name, one in found)


def _title(group: Group) -> str:
    """Return the name of *group*, or one name for the groups of all objectives."""
    if not group.name.startswith(OBJECTIVES):
        return group.name
    return ".".join([f"{OBJECTIVES}*", *group.name.split(".")[2:]])


def _share_of_limit(group: Group, cost: Cost) -> float:
    """Return the time of an evaluation at full size as a ratio of a third of the interval.

    A group is evaluated by one goroutine, so its time on an idle core is its CPU. Objectives of
    more services are more groups.
    """
    size = 1 if group.name.startswith(OBJECTIVES) else FULL_SIZE
    return cost.cpu_seconds * size / (group.interval_seconds / 3)


def _detail(name: str, cost: Cost) -> str:
    return f"|   {name} | | | {cost.cpu_seconds:.3f} | | {cost.peak_samples:,} | {cost.series:,} |"
