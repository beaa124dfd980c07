"""Recording rules of objectives: six for each, and a few that serve all.

Windows are sums of the recorded rates, so a ratio is bad events over all events: a quiet night
weighs as little as it should, and an idle minute is 0 of 0, which never becomes NaN.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from sightline.mixin import clock, config
from sightline.mixin.config import Profile
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import share
from sightline.mixin.slo.objective import WINDOW, Objective, decimal

_DAY_SECONDS: Final = 86400


def groups(objectives: Iterable[Objective], profile: Profile) -> tuple[Group, ...]:
    """Every recording rule of *objectives*."""
    objectives = tuple(objectives)
    return (
        *(indicator(objective, profile) for objective in objectives),
        Group(name="slo.windows.recording", rules=tuple(_windows(profile))),
        Group(
            name="slo.periods.recording",
            interval=config.BUDGET_INTERVAL,
            rules=tuple(_periods({objective.days for objective in objectives}, profile)),
        ),
    )


def indicator(objective: Objective, profile: Profile) -> Group:
    """What is particular to *objective*."""
    labels = {"job": objective.service, "slo": objective.name}
    events = objective.events.replace(WINDOW, config.INDICATOR_WINDOW)
    errors = objective.errors.replace(WINDOW, config.INDICATOR_WINDOW)
    values = {
        "slo:events:rate": events,
        "slo:errors:rate": f"({errors})\nor\n0 * ({events})",
        "slo:objective:ratio": f"vector({decimal(objective.objective)})",
        "slo:error_budget:ratio": f"vector({decimal(objective.budget)})",
        "slo:time_period:days": f"vector({objective.days / profile.speed:g})",
        "slo:min_errors:count": f"vector({objective.min_errors})",
    }
    return Group(
        name=f"slo.{objective.service}.{objective.name}.recording",
        rules=tuple(Record(name=name, expr=expr, labels=labels) for name, expr in values.items()),
    )


def _windows(profile: Profile) -> Iterator[Record]:
    for window in config.SLO_WINDOWS:
        labels = {"window": profile.duration(window)}
        yield Record(name="slo:events:count", expr=_count("events", window, profile), labels=labels)
        yield Record(name="slo:errors:count", expr=_count("errors", window, profile), labels=labels)
    yield Record(name="slo:sli_error:ratio", expr=share("slo:errors:count", "slo:events:count"))
    yield Record(
        name="slo:burn_rate:ratio",
        expr="slo:sli_error:ratio\n/ on (job, slo) group_left ()\nslo:error_budget:ratio",
    )
    current = profile.duration(config.BURN_WINDOWS[0].long)
    yield Record(
        name="slo:current_burn_rate:ratio",
        expr=f'sum without (window) (slo:burn_rate:ratio{{window="{current}"}})',
    )


def _periods(lengths_days: Iterable[int], profile: Profile) -> Iterator[Record]:
    for days in sorted(lengths_days):
        of_period = f"\nand on (job, slo) slo:time_period:days == {days / profile.speed:g}"
        for kind in ("events", "errors"):
            yield Record(
                name=f"slo:period_{kind}:count",
                expr=_count(kind, f"{days}d", profile) + of_period,
            )
        yield Record(
            name="slo:period_coverage:ratio",
            expr=f"count_over_time(slo:events:rate[{days}d]) * {_step(profile)}\n"
            f"/\n{days * _DAY_SECONDS / profile.speed:.0f}{of_period}",
        )
    yield Record(
        name="slo:sli_error:ratio_period",
        expr=share("slo:period_errors:count", "slo:period_events:count"),
    )
    yield Record(
        name="slo:period_error_budget_remaining:ratio",
        expr="1 - slo:sli_error:ratio_period / on (job, slo) slo:error_budget:ratio",
    )


def _count(kind: str, window: str, profile: Profile) -> str:
    """Events within *window*: each sample of a rate stands for one step of the evaluation."""
    return f"sum_over_time(slo:{kind}:rate[{window}]) * {_step(profile)}"


def _step(profile: Profile) -> int:
    return clock.seconds(profile.duration(config.EVALUATION_INTERVAL))
