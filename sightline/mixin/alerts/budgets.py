"""Error budgets of every SLO: four burn-rate alerts for all of them."""

from typing import Final

from sightline.mixin import config
from sightline.mixin.config import BurnWindow, Profile
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.text import COUNT, listed, single

_SLO: Final = ("job", "slo")
_ROUTE: Final = '{{ or .Labels.http_route "no route" }}'
_NOW: Final = (
    "Routes with errors now: "
    + listed(
        'topk(3, job_http_route:http_server_errors:rate{job="%s"} > 0)',
        "job",
        item=f'{_ROUTE} ({{{{ .Value | printf "%.2f" }}}}/s)',
        otherwise="none",
    )
    + "; slowest by p99: "
    + listed(
        "topk(3, job_http_route:http_server_request_duration_seconds:quantile"
        '{job="%s", quantile="0.99"} > 0)',
        "job",
        item=f"{_ROUTE} ({{{{ .Value | humanizeDuration }}}})",
        otherwise="none",
    )
    + "."
)

EXHAUSTED: Final = Alert(
    name="ErrorBudgetExhausted",
    signal="slo:period_error_budget_remaining:ratio",
    threshold=Threshold(operator="<=", value=0),
    gate="and on (job, slo) slo:period_coverage:ratio > 0.1",
    hold="5m",
    keep="15m",
    why="A promise is broken, and no page mends it: a ticket, to stop risky changes. Not before a "
    "tenth of the period has data, for a fresh stack would judge by its first minutes.",
    severity="warning",
    summary="{{ $labels.job }} has spent its {{ $labels.slo }} error budget.",
    description=f"Budget left: {{{{ $value | humanizePercentage }}}}. {_NOW}",
    dashboard="slo",
    variables=_SLO,
)

MISSING: Final = Alert(
    name="SloDataMissing",
    signal="slo:objective:ratio",
    threshold=None,
    gate="unless on (job, slo) slo:events:rate",
    hold="15m",
    keep="0s",
    why="No series at all, not merely no traffic: an idle service keeps its counters. A renamed "
    "metric would otherwise be a budget that never burns.",
    severity="warning",
    summary="There is no data for the SLO {{ $labels.slo }} of {{ $labels.job }}.",
    description="Its query of all events finds no series. Instances that answer: "
    + single('sum(up{job="%s"})', "job", spelt=COUNT, otherwise="none")
    + ".",
    dashboard="slo",
    variables=_SLO,
)


def burn(window: BurnWindow, profile: Profile) -> Alert:
    """The alert on *window*, as the clock of *profile* has it."""
    long, short = profile.duration(window.long), profile.duration(window.short)
    budget_lasts = single(
        "86400 * slo:time_period:days"
        '{job="%s", slo="%s"} / on (job, slo) slo:burn_rate:ratio'
        f'{{job="%s", slo="%s", window="{long}"}}',
        *_SLO,
        *_SLO,
        spelt="humanizeDuration",
    )
    return Alert(
        name="ErrorBudgetBurn",
        signal=f'slo:burn_rate:ratio{{window="{long}"}}',
        threshold=Threshold(operator=">", value=window.factor),
        gate=f'and on (job, slo) slo:burn_rate:ratio{{window="{short}"}} > {window.factor:g}\n'
        f'and on (job, slo) slo:errors:count{{window="{long}"}}'
        " >= on (job, slo) slo:min_errors:count",
        hold=window.hold,
        keep=window.keep,
        why=f"Over {long} the budget burns {window.factor:g} times too fast, and over the "
        f"last {short} still. Not below the SLO's least number of errors.",
        severity=window.severity,
        summary="{{ $labels.job }} burns its {{ $labels.slo }} error budget {{ $value | humanize "
        "}} times too fast.",
        description=f"At the pace of the last {long} the whole budget lasts {budget_lasts}. {_NOW}",
        dashboard="slo",
        variables=_SLO,
        labels={"window": long},
    )


def budgets(profile: Profile) -> Group:
    """Every alert on error budgets."""
    burning = tuple(burn(window, profile) for window in config.BURN_WINDOWS)
    return Group(name="slo.alerts", rules=(*burning, EXHAUSTED, MISSING))
