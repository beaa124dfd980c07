"""Do we keep our promises, and how long at this pace?"""

from typing import Final

from sightline.mixin.dashboards import frame, limits, looks
from sightline.mixin.dashboards.selection import JOBS
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import StateTimeline, TimeSeries
from sightline.mixin.grafana.fields import fixed_color, reference_line
from sightline.mixin.grafana.panels import Gauge, Stat
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.variables import LabelValues
from sightline.mixin.grafana.vocabulary import Color, Unit

SLO: Final = JOBS.also('slo=~"$slo"')

_EACH: Final = ("job", "slo")

NAMES: Final = LabelValues(
    name="slo",
    label="SLO",
    query='label_values(slo:objective:ratio{job=~"$job"}, slo)',
    all=False,
    multi=False,
)

LASTS: Final = f"""
min(clamp_min(
  {SLO.series("slo:period_error_budget_remaining:ratio")}
  * on (job, slo) {SLO.series("slo:time_period:days")}
  / on (job, slo) ({SLO.series("slo:current_burn_rate:ratio")} > 0),
  0
))
"""
"""Days until the rest of the budget is spent at this pace."""

PROMISE: Final = Row(
    title="The promise",
    lines=(
        (
            Stat(
                title="Objective",
                description="Share of events that we promise to be good. "
                "Not a goal to beat: what is left over is there to be spent on change.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(InstantQuery(expr=f"min({SLO.series('slo:objective:ratio')})"),),
                when_empty="no SLO",
            ),
            Stat(
                title="Kept so far",
                description="Share of events of the period that were good. "
                "Below the objective the promise is broken.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(
                    InstantQuery(expr=f"1 - max({SLO.series('slo:sli_error:ratio_period')})"),
                ),
                when_empty="no data yet",
            ),
            Gauge(
                title="Error budget left",
                description="What may still go wrong in this period. "
                "Red: spent; stop risky changes until it comes back.",
                unit=Unit.RATIO,
                decimals=0,
                queries=(
                    InstantQuery(
                        expr=f"min({SLO.series('slo:period_error_budget_remaining:ratio')})"
                    ),
                ),
                scale=limits.BUDGET_LEFT,
                maximum=1,
                when_empty="no data yet",
            ),
            Stat(
                title="Burn rate",
                description="How many times faster than allowed the budget burns now. "
                "1 spends exactly all of it by the end of the period.",
                unit=Unit.FACTOR,
                decimals=1,
                queries=(InstantQuery(expr=f"max({SLO.series('slo:current_burn_rate:ratio')})"),),
                scale=limits.BURN_RATE,
                when_empty="no traffic",
            ),
            Stat(
                title="Budget lasts",
                description="When the rest is spent at this pace; nothing while nothing burns. "
                "Less than a day: act now.",
                unit=Unit.DAYS,
                decimals=1,
                queries=(InstantQuery(expr=LASTS),),
                when_empty="does not burn",
            ),
            Stat(
                title="Data behind it",
                description="Share of the period that has data. "
                "A fresh stack judges by its first minutes: distrust the rest until this grows.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(InstantQuery(expr=f"min({SLO.series('slo:period_coverage:ratio')})"),),
                when_empty="no data yet",
            ),
        ),
    ),
)

COURSE: Final = Row(
    title="How it went",
    lines=(
        (
            TimeSeries(
                title="Error budget left over time",
                description="A cliff is an incident, a slope a steady fault. "
                "It climbs again as bad days leave the period.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=SLO.series("slo:period_error_budget_remaining:ratio"),
                        legend="{{job}} {{slo}}",
                    ),
                ),
                minimum=None,
                maximum=1,
                reaches=1,
                scale=limits.BUDGET_LEFT,
                when_empty="no data yet",
            ),
            TimeSeries(
                title="Burn rate by window",
                description="Dashed lines are the alerts' factors. A page needs a long and a short "
                "window above its line: short alone is a blip, long alone is over.",
                unit=Unit.FACTOR,
                queries=(
                    Query(
                        expr="max by (window) (" + SLO.series("slo:burn_rate:ratio") + ")",
                        legend="{{window}}",
                    ),
                ),
                reaches=16,
                scale=limits.BURN_RATE,
                when_empty="no traffic",
            ),
        ),
        (
            TimeSeries(
                title="Good and bad events",
                description="Events of the SLO a second. "
                "Without events there is no verdict, only an older one.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=f"sum({SLO.series('slo:events:rate')})"
                        f" - sum({SLO.series('slo:errors:rate')})",
                        legend="good",
                    ),
                    Query(expr=f"sum({SLO.series('slo:errors:rate')}) > 0", legend="bad"),
                ),
                overrides=(fixed_color("good", Color.GOOD), fixed_color("bad", Color.BAD)),
                stacked=True,
                when_empty="no events",
            ),
            TimeSeries(
                title="Share of bad events by window",
                description="The dashed line is what the objective allows. "
                "Above it in every window: it will not go away by itself.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr="max by (window) (" + SLO.series("slo:sli_error:ratio") + ")",
                        legend="{{window}}",
                    ),
                    Query(expr=f"min({SLO.series('slo:error_budget:ratio')})", legend="allowed"),
                ),
                overrides=(reference_line("allowed", Color.BAD),),
                when_empty="no traffic",
            ),
            StateTimeline(
                title="Alerts on this budget",
                description="When burn-rate alerts fired: red pages, orange is a ticket. "
                "Many short bands: the fault comes and goes.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=looks.bands('job=~"$job", slo=~"$slo"', by="alertname, window"),
                        legend="{{alertname}} {{window}}",
                    ),
                ),
                mappings=looks.FIRING,
                when_empty="no alert fired",
            ),
        ),
    ),
)

SPENT: Final = Row(
    title="Where it is spent, and all other promises",
    lines=(
        (
            Table(
                title="Routes with most failures",
                description="Answers 5xx within the chosen time, the five worst. "
                "Mending the first usually saves the budget.",
                keys=(
                    Key(
                        label="http_route",
                        title="Route",
                        link=frame.to_route("${__value.raw:percentencode}"),
                    ),
                ),
                columns=(
                    Column(
                        title="Failures",
                        expr="topk(5, sum by (http_route) (increase("
                        + JOBS.also('http_response_status_code=~"5..", http_route!=""').series(
                            "http_server_request_duration_seconds_count"
                        )
                        + "[$__range])) > 0)",
                        unit=Unit.COUNT,
                        decimals=0,
                    ),
                ),
                sort_by="Failures",
                when_empty="no failures",
            ),
            Table(
                title="All objectives",
                description="Every promise of every service. Red: its budget is spent.",
                span=2,
                keys=(
                    Key(label="job", title="Service", link=frame.to_service("${__value.raw}")),
                    Key(label="slo", title="SLO"),
                ),
                columns=(
                    Column(
                        title="Objective",
                        expr="max by (job, slo) (slo:objective:ratio)",
                        unit=Unit.RATIO,
                        decimals=2,
                    ),
                    Column(
                        title="Kept",
                        expr="1 - max by (job, slo) (slo:sli_error:ratio_period)",
                        unit=Unit.RATIO,
                        decimals=2,
                    ),
                    Column(
                        title="Budget left",
                        expr="min by (job, slo) (slo:period_error_budget_remaining:ratio)",
                        unit=Unit.RATIO,
                        decimals=0,
                        scale=limits.BUDGET_LEFT,
                        bar=True,
                    ),
                    Column(
                        title="Burn rate",
                        expr="max by (job, slo) (slo:current_burn_rate:ratio)",
                        unit=Unit.FACTOR,
                        decimals=1,
                        scale=limits.BURN_RATE,
                    ),
                ),
                sort_by="Burn rate",
                when_empty="no objective",
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="slo",
    title="SLO",
    description="Do we keep our promises, and how long at this pace?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, frame.JOB, NAMES),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(PROMISE, COURSE, SPENT),
)
