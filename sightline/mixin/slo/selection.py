"""Sets of objectives, and the matchers that select exactly their series."""

from collections.abc import Hashable, Iterator, Sequence

from sightline.mixin.queries import join_matchers
from sightline.mixin.slo import promql
from sightline.mixin.slo.objective import Objective


def by_service(objectives: Sequence[Objective]) -> Iterator[tuple[Objective, ...]]:
    """Yield the objectives of each service together."""
    return group_by(objectives, [objective.service for objective in objectives])


def group_by(
    objectives: Sequence[Objective], keys: Sequence[Hashable]
) -> Iterator[tuple[Objective, ...]]:
    """Yield *objectives* of equal keys together, in their order."""
    found: dict[Hashable, list[Objective]] = {}
    for objective, key in zip(objectives, keys, strict=True):
        found.setdefault(key, []).append(objective)
    return (tuple(each) for each in found.values())


def select(objectives: Sequence[Objective], where: str = "") -> str:
    """Return the matchers of *objectives*, which are of one service."""
    job = promql.matcher("job", [objectives[0].service])
    slo = promql.matcher("slo", (each.name for each in objectives))
    return join_matchers(f"{job}, {slo}", where)
