"""Alerts on error budgets: on the burn rate, on a spent budget, and on missing data."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from sightline.mixin.config import BurnWindow, Profile
from sightline.mixin.identity import IDENTITY, PLACE, SERVICE, by, on
from sightline.mixin.model import Alert, Threshold
from sightline.mixin.queries import selector
from sightline.mixin.rules.services import ROUTE_DURATION, ROUTE_ERRORS
from sightline.mixin.slo import promql
from sightline.mixin.slo.objective import Notification, Objective
from sightline.mixin.slo.selection import group_by, select
from sightline.mixin.text import COUNT, first_value, list_of

_SLO: Final = ("job", "slo")
_ROUTE: Final = '{{ or .Labels.http_route "no route" }}'
_WORST_ROUTES: Final = (
    "Routes with most errors: "
    + list_of(
        f"topk(3, {ROUTE_ERRORS}{{{SERVICE}}} > 0)",
        "job",
        item=f'{_ROUTE} ({{{{ .Value | printf "%.2f" }}}}/s)',
        default="none",
    )
    + "; slowest by p99: "
    + list_of(
        f'topk(3, {ROUTE_DURATION}{{{SERVICE}, quantile="0.99"}} > 0)',
        "job",
        item=f"{_ROUTE} ({{{{ .Value | humanizeDuration }}}})",
        default="none",
    )
    + "."
)
_IDLE: Final = "1d"
"""Time without a request after which a service that is up counts as one without data."""


def budget_alerts(objectives: Sequence[Objective], profile: Profile) -> tuple[Alert, ...]:
    """Return every alert of *objectives*, which are of one service.

    They share their alerts if these are equal. Otherwise each objective has its own, with its name
    as a label, which makes each rule unique in its file.
    """
    groups = tuple(group_by(objectives, [_key(objective) for objective in objectives]))
    if len(groups) == 1:
        return tuple(_alerts(objectives, profile))
    return tuple(
        replace(alert, labels={**alert.labels, "slo": objective.name})
        for objective in objectives
        for alert in _alerts([objective], profile)
    )


def _key(objective: Objective) -> Hashable:
    """Return what objectives of the same alerts have in common."""
    notifications = repr((objective.page, objective.ticket, objective.missing))
    labels = tuple(objective.labels)
    own = objective.days, objective.hold, objective.identity, _has_routes(objective)
    return notifications, labels, own


def _alerts(part: Sequence[Objective], profile: Profile) -> Iterator[Alert]:
    """Yield the alerts of *part*, whose first objective represents all."""
    first = part[0]
    windows = first.alert_windows
    if first.hold:
        yield from (_burn(part, window, profile) for window in windows)
    else:
        for severity in dict.fromkeys(window.severity for window in windows):
            yield _burn_of_severity(part, [w for w in windows if w.severity == severity], profile)
    if first.ticket.enabled:
        yield _exhausted(part)
    if first.ticket.enabled and first.missing:
        yield _missing(part)


def _burn(part: Sequence[Objective], window: BurnWindow, profile: Profile) -> Alert:
    """Return the alert on *window*, in the time of *profile*."""
    long, short = profile.duration(window.long), profile.duration(window.short)
    first = part[0]
    found = Alert(
        name=first.notification(window.severity).name,
        signal=_rate(part, long),
        threshold=Threshold(operator=">", value=window.factor),
        gate=_gate(part, window, profile),
        hold=window.hold,
        keep=window.keep,
        why=f"The budget burns at least {window.factor:g} times too fast over {long}, and still "
        f"does over the last {short}. Requires the minimum number of errors of the SLO.",
        severity=window.severity,
        summary="{{ $labels.job }} burns its {{ $labels.slo }} error budget {{ $value | humanize "
        "}} times too fast.",
        description=_burning(first, long),
        dashboard="slo",
        variables=_SLO,
        runbook="ErrorBudgetBurn",
        labels={"window": long},
    )
    return _notified(part, found, first.notification(window.severity))


def _burn_of_severity(
    part: Sequence[Objective], windows: Sequence[BurnWindow], profile: Profile
) -> Alert:
    """Return one alert on all *windows*, which fires at once and has no label `window`."""
    first, longest = part[0], profile.duration(windows[-1].long)
    conditions = [
        f"max without (window) (\n{_rate(part, profile.duration(window.long))}"
        f" > {window.factor:g}\n{_gate(part, window, profile)}\n)"
        for window in windows
    ]
    pairs = ", ".join(f"{profile.duration(w.long)} at {w.factor:g}" for w in windows)
    found = Alert(
        name=first.notification(windows[0].severity).name,
        signal="\nor\n".join(conditions),
        threshold=None,
        hold="0s",
        keep="0s",
        why=f"The budget burns too fast over a long window and over a short one: {pairs} times.",
        severity=windows[0].severity,
        summary="{{ $labels.job }} burns its {{ $labels.slo }} error budget {{ $value | humanize "
        "}} times too fast.",
        description=_burning(first, longest),
        dashboard="slo",
        variables=_SLO,
        runbook="ErrorBudgetBurn",
    )
    return _notified(part, found, first.notification(windows[0].severity))


def _rate(part: Sequence[Objective], window: str) -> str:
    return selector("job_slo:burn_rate:ratio", select(part, f'window="{window}"'))


def _gate(part: Sequence[Objective], window: BurnWindow, profile: Profile) -> str:
    """Return the conditions beside the burn rate over the long window."""
    long, short = profile.duration(window.long), profile.duration(window.short)
    of_long = select(part, f'window="{long}"')
    where = select(part)
    fewest = selector("job_slo:min_errors:count", where)
    gate = (
        f"and ignoring (window) {_rate(part, short)} > {window.factor:g}\n"
        f"and {selector('job_slo:errors:count', of_long)}\n"
        f"  >= {on('slo')} group_left () {fewest}"
    )
    if any(objective.min_events for objective in part):
        gate += (
            f"\nunless {selector('job_slo:events:count', of_long)}\n"
            f"  < {on('slo')} group_left () {selector('job_slo:min_events:count', where)}"
        )
    return gate


def _exhausted(part: Sequence[Objective]) -> Alert:
    where = select(part)
    found = Alert(
        name="ErrorBudgetExhausted",
        signal=selector("job_slo:period_error_budget_remaining:ratio", where),
        threshold=Threshold(operator="<=", value=0),
        gate=f"and {selector('job_slo:period_coverage:ratio', where)} > 0.1",
        hold="5m",
        keep="15m",
        why="The objective is missed and no page can change that: a ticket, to stop risky changes. "
        "Requires data of a tenth of the period, so that a new installation is not judged by its "
        "first minutes.",
        severity="warning",
        summary="{{ $labels.job }} has spent its {{ $labels.slo }} error budget.",
        description="The service failed more users than its objective allows. Stop risky changes "
        "until the budget recovers. Budget left: {{ $value | humanizePercentage }}."
        f"{_routes(part[0])}",
        dashboard="slo",
        variables=_SLO,
    )
    return _notified(part, found, replace(part[0].ticket, name=found.name))


def _missing(part: Sequence[Objective]) -> Alert:
    where = select(part)
    job = promql.matcher("job", [part[0].service])
    answering = f"{selector('up', job)} == 1 or {selector('target_info', job)}"
    place = f"on ({', '.join(part[0].identity)})"
    events = selector("job_slo:events:rate", where)
    found = Alert(
        name=part[0].missing,
        signal=f"group {by('slo')} ({selector('job_slo:objective:ratio', where)})",
        threshold=None,
        gate=f"unless {on('slo')} {selector('job_slo:errors:rate', where)}\n"
        f"unless {on('slo')} (\n"
        f"  last_over_time({selector('job_slo:step_events:count', where)}[{_IDLE}])\n"
        f"  unless {on('slo')} {events}\n"
        f"  and {place} ({answering})\n)",
        hold="30m",
        keep="0s",
        why="No ratio can be computed: a series or the bucket of the threshold is missing, so the "
        "budget could never burn. A service that is up and had events within a day may be idle.",
        severity="warning",
        summary="There is no data for the SLO {{ $labels.slo }} of {{ $labels.job }}.",
        description="The query of its events, or of its good events, returns no series, so its "
        "budget alerts cannot fire even if users get errors. Check first whether the service is "
        "scraped, then whether a metric, label or bucket was renamed. Instances that answer: "
        + _answering(part[0])
        + ".",
        dashboard="slo",
        variables=_SLO,
        runbook="SloDataMissing",
    )
    return _notified(part, found, replace(part[0].ticket, name=found.name))


def _answering(objective: Objective) -> str:
    """Return a template: the number of instances that answer."""
    labels = objective.identity[:-1]
    matchers = (promql.matcher("job", [objective.service]), *(f'{label}="%s"' for label in labels))
    query = f"sum({selector('up', ', '.join(matchers))})"
    return first_value(query, *labels, template=COUNT, default="none")


def _notified(part: Sequence[Objective], alert: Alert, notification: Notification) -> Alert:
    """Return *alert* with the labels and annotations of its objectives."""
    labels = {"job": part[0].service, **alert.labels, **notification.labels}
    alert = replace(alert, labels=labels, texts=notification.annotations)
    if not part[0].labels:
        return alert
    objectives = selector("job_slo:objective:ratio", select(part))
    names = ", ".join(name for name in part[0].labels if name not in PLACE)
    labelled = f"(\n{alert.expr}\n)\n* {on('slo')} group_left ({names}) ({objectives} * 0 + 1)"
    return replace(alert, signal=labelled, threshold=None, gate="")


def _remaining(window: str) -> str:
    """Return a template: how long the whole budget lasts at the rate of *window*."""
    return first_value(
        f'86400 * job_slo:time_period:days{{{SERVICE}, slo="%s"}} / {on("slo")} max {by("slo")} '
        f'(job_slo:burn_rate:ratio{{{SERVICE}, slo="%s", window="{window}"}})',
        *("job", "slo", "job", "slo"),
        template="humanizeDuration",
    )


def _burning(objective: Objective, window: str) -> str:
    """Return the description of a burn-rate alert whose longest window is *window*."""
    return (
        "Users get errors or slow answers. If it began with a deploy, roll back first. At the rate "
        f"of the last {window} the whole budget lasts {_remaining(window)}."
        f"{_routes(objective)}"
    )


def _routes(objective: Objective) -> str:
    return f" {_WORST_ROUTES}" if _has_routes(objective) else ""


def _has_routes(objective: Objective) -> bool:
    """Return true if the labels of an alert select the routes of its service."""
    return objective.indicator.kind == "http" and objective.identity == IDENTITY
