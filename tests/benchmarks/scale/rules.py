"""Rule files, and the cost of each of their groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sightline.grafana import durations
from tests.benchmarks.scale.prometheus import Cost, Prometheus

NOTHING: Final = Cost(cpu_seconds=0, peak_samples=0, read_samples=0, series=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rule group."""

    name: str
    interval_seconds: float
    rules: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCost:
    """Cost of one evaluation of a rule."""

    group: Group
    rule: str
    cost: Cost


def files(folder: Path) -> list[Path]:
    """Return the rule files of *folder*."""
    return sorted(folder.resolve().glob("*.yml"))


def groups(paths: Sequence[Path]) -> Iterator[Group]:
    """Yield the groups of the rule files *paths*."""
    for path in paths:
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"] or ():
            yield Group(
                name=group["name"],
                interval_seconds=durations.seconds(group["interval"]),
                rules=group["rules"],
            )


def costs(prometheus: Prometheus, group: Group, *, at: float, rounds: int) -> list[RuleCost]:
    """Return the cost of each rule of *group* at the time *at*, in Unix seconds."""
    return [
        RuleCost(
            group=group,
            rule=rule.get("record") or rule["alert"],
            cost=prometheus.cost("query", {"query": rule["expr"], "time": at}, rounds=rounds),
        )
        for rule in group.rules
    ]


def total(found: Sequence[RuleCost]) -> Cost:
    """Return the cost of one evaluation of all rules."""
    return sum((one.cost for one in found), NOTHING)


def recorded(found: Sequence[RuleCost]) -> int:
    """Return the number of series that recording rules write."""
    return sum(one.cost.series for one in found if ":" in one.rule)
