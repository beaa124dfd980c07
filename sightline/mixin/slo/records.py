"""Recording rules of objectives.

Windows are sums of the recorded rates, so a ratio is bad events over all events: each event has
the same weight, and a minute without events is 0 of 0, which never becomes NaN.

The objectives of a service share their rules, which select exactly them by `job` and `slo`. So the
files of two teams have no rule in common, and the cost of a file is that of its objectives. The
label `job` of these rules changes no series: it makes each rule unique in its file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sightline.mixin import clock, config, queries
from sightline.mixin.config import Profile
from sightline.mixin.identity import by, on
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import selector, share
from sightline.mixin.slo import promql
from sightline.mixin.slo.alerts import budget_alerts
from sightline.mixin.slo.indicators import COMPARABLE
from sightline.mixin.slo.objective import Objective, decimal
from sightline.mixin.slo.selection import by_service, group_by, select

_DAY_SECONDS: Final = 86400
_EVENTS: Final = "job_slo:events:rate"
_ERRORS: Final = "job_slo:errors:rate"
_OBJECTIVE: Final = "job_slo:objective:ratio"
_OBSERVED: Final = "job_slo:observed:group"
_CURRENT: Final = config.BURN_WINDOWS[0].long


def groups(objectives: Iterable[Objective], profile: Profile) -> tuple[Group, ...]:
    """Return every rule of *objectives*."""
    services = tuple(by_service(tuple(objectives)))
    return tuple(group for part in services for group in _service(part, profile))


def _service(part: Sequence[Objective], profile: Profile) -> Iterator[Group]:
    """Yield the groups of *part*, the objectives of one service."""
    name = f"slo.{part[0].service}"
    yield Group(
        name=name,
        rules=(
            *_instances(part),
            *(rule for objective in part for rule in _rates(objective, part, profile)),
            *_windows(part, profile),
            *budget_alerts(part, profile),
        ),
    )
    yield Group(
        name=f"{name}.steps", interval=config.BUDGET_STEP, rules=tuple(_steps(part, profile))
    )
    yield Group(
        name=f"{name}.periods",
        interval=config.BUDGET_INTERVAL,
        rules=tuple(_periods(part, profile)),
    )


def _rates(objective: Objective, part: Sequence[Objective], profile: Profile) -> Iterator[Record]:
    """Yield the rules that belong to *objective* alone, which is one of *part*."""
    labels = _labels(objective)
    where = select([objective])
    events, errors = _queries(objective, selector(_EVENTS, where))
    same = next(each for each in part if each.indicator.events == objective.indicator.events)
    if same is not objective and objective.indicator.events:
        events = selector(_EVENTS, select([same]))
    yield Record(name=_EVENTS, expr=promql.fill(events, profile), labels=labels)
    yield Record(name=_ERRORS, expr=promql.fill(errors, profile), labels=labels)
    yield Record(name=_OBSERVED, expr=_observed(where), labels=labels)
    about = {**objective.labels, **labels, "sli": objective.indicator.kind}
    for name, value in _constants(objective, profile).items():
        yield Record(
            name=name,
            expr=f"{selector(_OBSERVED, where)} * {value}",
            labels=about if name == _OBJECTIVE else labels,
        )


def _labels(objective: Objective) -> dict[str, str]:
    """Return the labels of the series of *objective*."""
    return {**objective.place_labels, "job": objective.service, "slo": objective.name}


def _observed(where: str) -> str:
    """Return 1 for each place that has a budget: it had events within a day, or none ever had."""
    return (
        f"group {by()} (\n  {selector(_EVENTS, where)}\n  or\n"
        f"  last_over_time({selector('job_slo:step_events:count', where)}[1d])\n)\n"
        "or on ()\nvector(1)"
    )


def _constants(objective: Objective, profile: Profile) -> dict[str, str]:
    found = {
        _OBJECTIVE: decimal(objective.objective),
        "job_slo:error_budget:ratio": decimal(objective.budget),
        "job_slo:time_period:days": f"{objective.days / profile.speed:g}",
        "job_slo:min_errors:count": f"{objective.min_errors}",
    }
    if objective.min_events:
        found["job_slo:min_events:count"] = f"{objective.min_events}"
    return found


def _instances(part: Sequence[Objective]) -> Iterator[Record]:
    """Yield the instances whose new series count, once for each counter of *part*."""
    counted = [each for each in part if each.indicator.counter]
    for equal in group_by(counted, [each.indicator.counter for each in counted]):
        first = equal[0]
        labels = {"job": first.service, "sli": first.indicator.kind, "slo": first.name}
        total = selector("job_slo:instance_events:sum", select([first]))
        yield Record(
            name="job_slo:instance_events:sum",
            expr=f"sum {by('instance')} ({first.indicator.counter})",
            labels=labels,
        )
        yield Record(
            name=COMPARABLE,
            expr=queries.comparable_instances(
                total, where=promql.matcher("job", [first.service]), window=config.INDICATOR_WINDOW
            ),
            labels=labels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """Recorded events of an objective."""

    series: str
    own: str
    """Labels that its rule adds, which no query has."""


def _queries(objective: Objective, series: str) -> tuple[str, str]:
    """Return the queries of all and of bad events. The second may read the first as *series*."""
    indicator = objective.indicator
    recorded = _Recorded(series=series, own=", ".join(_labels(objective)))
    if indicator.ratio:
        return _queries_of_ratio(indicator.ratio, recorded)
    if indicator.kind == "events":
        return _filtered(indicator.events, indicator.bad, indicator.good, recorded)
    return indicator.events, _errors(indicator.bad, indicator.good, recorded)


def _queries_of_ratio(ratio: str, recorded: _Recorded) -> tuple[str, str]:
    """Weigh *ratio* by its denominator if it is a division, else count one event per second."""
    parts = promql.parts_of_ratio(ratio)
    if parts is None:
        known = _numbers(ratio)
        return f"{known} * 0 + 1", known
    bad, good, events = parts
    return _filtered(events, bad, good, recorded)


def _filtered(events: str, bad: str, good: str, recorded: _Recorded) -> tuple[str, str]:
    if bad and promql.is_difference(bad):
        return _numbers(events), f"clamp_min({_numbers(bad)}, 0)"
    return _numbers(events), _errors(bad and _numbers(bad), good and _numbers(good), recorded)


def _errors(bad: str, good: str, recorded: _Recorded) -> str:
    """Return the query of bad events: absent, rather than 0, where good events are absent."""
    if good:
        return f"clamp_min({recorded.series} - ignoring ({recorded.own}) {good}, 0)"
    return f"{bad}\nor ignoring ({recorded.own})\n0 * {recorded.series}"


def _numbers(query: str) -> str:
    """Return *query* without NaN."""
    return f"(({query}) >= 0)"


def _windows(part: Sequence[Objective], profile: Profile) -> Iterator[Record]:
    where, labels = select(part), {"job": part[0].service}
    for window in config.SLO_WINDOWS:
        for kind in ("events", "errors"):
            yield Record(
                name=f"job_slo:{kind}:count",
                expr=_sum(f"job_slo:{kind}:rate", where, window, profile),
                labels={**labels, "window": profile.duration(window)},
            )
    yield Record(
        name="job_slo:sli_error:ratio",
        expr=share(
            selector("job_slo:errors:count", where), selector("job_slo:events:count", where)
        ),
        labels=labels,
    )
    yield Record(
        name="job_slo:burn_rate:ratio",
        expr=_burn(selector("job_slo:sli_error:ratio", where), where),
        labels=labels,
    )
    current = select(part, f'window="{profile.duration(_CURRENT)}"')
    yield Record(
        name="job_slo:current_burn_rate:ratio",
        expr=f"sum without (window) ({selector('job_slo:burn_rate:ratio', current)})",
        labels=labels,
    )


def _burn(ratio: str, where: str) -> str:
    budget = selector("job_slo:error_budget:ratio", where)
    return f"{ratio}\n/ {on('slo')} group_left ()\n{budget}"


def _steps(part: Sequence[Objective], profile: Profile) -> Iterator[Record]:
    """Yield sums over short steps: the sums over whole periods read these."""
    for kind in ("events", "errors"):
        yield Record(
            name=f"job_slo:step_{kind}:count",
            expr=_sum(f"job_slo:{kind}:rate", select(part), config.BUDGET_STEP, profile),
            labels={"job": part[0].service},
        )


def _periods(part: Sequence[Objective], profile: Profile) -> Iterator[Record]:
    for equal in group_by(part, [objective.days for objective in part]):
        yield from _period(equal, profile, one=len(equal) == len(part))
    where, labels = select(part), {"job": part[0].service}
    yield Record(
        name="job_slo:sli_error:ratio_period",
        expr=share(
            selector("job_slo:period_errors:count", where),
            selector("job_slo:period_events:count", where),
        ),
        labels=labels,
    )
    yield Record(
        name="job_slo:period_error_budget_remaining:ratio",
        expr=f"1 - {_burn(selector('job_slo:sli_error:ratio_period', where), where)}",
        labels=labels,
    )


def _period(part: Sequence[Objective], profile: Profile, *, one: bool) -> Iterator[Record]:
    """Yield the sums over the period of *part*.

    If the service has another period, *one* is false. Then each objective has its own rules with
    its name as a label, which makes each rule unique in its file.
    """
    if not one and len(part) > 1:
        for objective in part:
            yield from _period([objective], profile, one=False)
        return
    days, where = part[0].days, select(part)
    labels = {"job": part[0].service} if one else {"job": part[0].service, "slo": part[0].name}
    step = profile.duration(config.BUDGET_STEP)
    for kind in ("events", "errors"):
        steps = selector(f"job_slo:step_{kind}:count", where)
        yield Record(
            name=f"job_slo:period_{kind}:count",
            expr=f"sum_over_time({steps}[{days}d:{config.BUDGET_STEP}])",
            labels=labels,
        )
    steps = selector("job_slo:step_events:count", where)
    yield Record(
        name="job_slo:period_coverage:ratio",
        expr=f"count_over_time({steps}[{days}d:{config.BUDGET_STEP}]) * {clock.seconds(step)}\n"
        f"/\n{days * _DAY_SECONDS / profile.speed:.0f}",
        labels=labels,
    )


def _sum(rate: str, where: str, window: str, profile: Profile) -> str:
    """Return the events within *window*: a sample of a rate stands for one evaluation."""
    step = clock.seconds(profile.duration(config.EVALUATION_INTERVAL))
    return f"sum_over_time({selector(rate, where)}[{window}]) * {step}"
