"""Dashboard SLO: objectives, error budgets and burn rates."""

from dataclasses import replace
from typing import Final

from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import colors, links, objectives, thresholds, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import JOBS, PLACES, labels, running
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import fixed_color, reference_line, value_mappings
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import StateTimeline, TimeSeries
from sightline.mixin.grafana.variables import LabelValues
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import services

SERVICE_SLO: Final = (*IDENTITY, "slo")

SLO: Final = JOBS.narrow('slo=~"$slo"')

JOB: Final = replace(
    variables.JOB, query=f"label_values({PLACES.select(objectives.OBJECTIVE)}, job)"
)
"""Services with an objective. A link for another service opens the first of them."""

SLO_VARIABLE: Final = LabelValues(
    name="slo",
    label="SLO",
    query=f"label_values({JOBS.select(objectives.OBJECTIVE)}, slo)",
    all=False,
    multi=False,
)

DAYS_LEFT: Final = f"""
min(clamp_min(
  {SLO.select(objectives.BUDGET_LEFT)}
  * on ({labels(SERVICE_SLO)}) {SLO.select(objectives.PERIOD_DAYS)}
  / on ({labels(SERVICE_SLO)}) ({SLO.select(objectives.BURN_RATE)} > 0),
  0
))
"""
"""PromQL for the days until the budget is exhausted at the current burn rate."""

OBJECTIVE: Final = Row(
    title="Objective and error budget",
    lines=(
        (
            Stat(
                title="Objective",
                description="Share of events that must be good. The rest is the error budget, "
                "which may be spent on risky changes.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(InstantQuery(expr=f"min({SLO.select(objectives.OBJECTIVE)})"),),
                no_value="no objective",
            ),
            Stat(
                title="Good events in this period",
                description="Share of good events in the current period. Below the objective, the "
                "objective is missed.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(
                    InstantQuery(expr=f"1 - max({SLO.select(objectives.BAD_RATIO_OF_PERIOD)})"),
                ),
                no_value="no data yet",
            ),
            Stat(
                title="Error budget left",
                description="Share of the error budget that is left for this period. Red means "
                "that it is exhausted: stop risky changes until it has recovered.",
                unit=Unit.RATIO,
                decimals=0,
                queries=(
                    InstantQuery(
                        expr=objectives.running_or_unknown("min", SLO, objectives.BUDGET_LEFT)
                    ),
                ),
                scale=thresholds.BUDGET_LEFT,
                mappings=objectives.UNKNOWN,
                background=True,
                minimum=None,
                no_value="no data yet",
            ),
        ),
        (
            objectives.highest_burn_rate(SLO, links=(), no_value="no traffic"),
            Stat(
                title="Time until budget is spent",
                description="Time until the error budget is exhausted at the current burn rate. It "
                "is empty while no budget is spent. If it is less than a day, act now.",
                unit=Unit.DAYS,
                decimals=1,
                queries=(InstantQuery(expr=DAYS_LEFT),),
                mappings=tuple(value_mappings({"0": ("spent", Color.BAD)})),
                no_value="no budget spent",
            ),
            Stat(
                title="Data coverage",
                description="Share of the period for which data exists. While it is low, as after "
                "an installation, the other panels judge a few hours instead of the whole period "
                "and may mislead.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(InstantQuery(expr=f"min({SLO.select(objectives.PERIOD_COVERAGE)})"),),
                no_value="no data yet",
            ),
        ),
    ),
)

HISTORY: Final = Row(
    title="History",
    lines=(
        (
            TimeSeries(
                title="Error budget left over time",
                description="Share of the error budget that is left. A sudden drop is an incident, "
                "a steady decline is a permanent fault. The curve rises when bad days leave the "
                "period.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=SLO.select(objectives.BUDGET_LEFT),
                        legend="{{job}} {{slo}}",
                    ),
                ),
                minimum=None,
                maximum=1,
                soft_max=1,
                scale=thresholds.BUDGET_LEFT,
                no_value="no data yet",
            ),
            TimeSeries(
                title="Burn rate by window",
                description="Burn rate over each window. Dashed lines are the factors of the "
                "alerts, which fire while a long and a short window are both above a line. If "
                "only short windows are above it, the peak is brief so far. If only long windows "
                "are above it, the problem is over.",
                unit=Unit.FACTOR,
                queries=(
                    Query(
                        expr="max by (window) (" + SLO.select(objectives.BURN_RATE_OF_WINDOW) + ")",
                        legend="{{window}}",
                    ),
                ),
                overrides=colors.WINDOWS,
                soft_max=16,
                scale=thresholds.BURN_RATE,
                no_value="no traffic",
            ),
        ),
        (
            TimeSeries(
                title="Good and bad events",
                description="Events of the objective per second. Without events the objective "
                "cannot be evaluated, and the other panels show older results.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=f"sum({SLO.select(objectives.EVENTS)})"
                        f" - sum({SLO.select(objectives.BAD_EVENTS)})",
                        legend="good",
                    ),
                    Query(expr=f"sum({SLO.select(objectives.BAD_EVENTS)}) > 0", legend="bad"),
                ),
                overrides=(fixed_color("good", Color.GOOD), fixed_color("bad", Color.BAD)),
                stacked=True,
                no_value="no events",
            ),
            TimeSeries(
                title="Bad events by window",
                description="Share of bad events over each window. The dashed line is the share "
                "that the objective allows. If every window is above it, the fault persists and "
                "needs a fix.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr="max by (window) (" + SLO.select(objectives.BAD_RATIO) + ")",
                        legend="{{window}}",
                    ),
                    Query(expr=f"min({SLO.select(objectives.ERROR_BUDGET)})", legend="allowed"),
                ),
                overrides=(*colors.WINDOWS, reference_line("allowed", Color.BAD)),
                soft_max=0.01,
                no_value="no traffic",
            ),
        ),
        (
            StateTimeline(
                title="Alerts on this budget",
                height=6,
                description="Periods in which burn rate alerts fired. Red is critical, orange is a "
                "warning. Many short bands mean that the fault comes and goes.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=colors.firing_severity(SLO.where, by=("alertname", "window")),
                        legend="{{alertname}} {{window}}",
                    ),
                ),
                scale=colors.SEVERITY_SCALE,
                mappings=colors.SEVERITIES,
            ),
        ),
    ),
)

FAILURES: Final = Row(
    title="Failing routes and all objectives",
    lines=(
        (
            Table(
                title="Most failing routes",
                description="The five routes with most 5xx responses in the time range. For an "
                "objective of errors, a fix of the first route usually saves most of the budget. "
                "For an objective of durations, the Service dashboard shows the slow routes.",
                keys=(
                    Key(
                        label="http_route",
                        title="Route",
                        link=links.CLICKED_ROUTE,
                    ),
                ),
                columns=(
                    Column(
                        title="Failures",
                        expr="topk(5, sum by (http_route) (increase("
                        + JOBS.narrow(f'{queries.SERVER_ERROR}, http_route!=""').select(
                            f"{queries.SERVER}_count"
                        )
                        + "[$__range])) > 0)",
                        unit=Unit.COUNT,
                        decimals=0,
                    ),
                ),
                sort_by="Failures",
                no_value="no failures",
            ),
        ),
        (
            Table(
                title="All objectives",
                description="One row per objective of every service. Red means that the error "
                "budget is exhausted, or that it burns at the rate of a critical alert. A service "
                "without a running instance has no budget. Click a service to open its dashboard, "
                "or an objective to show it above.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="job", title="Service", link=links.CLICKED_SERVICE, width=135),
                    Key(label="slo", title="SLO", link=links.CLICKED_OBJECTIVE),
                ),
                columns=(
                    Column(
                        title="Objective",
                        expr=PLACES.max(objectives.OBJECTIVE, by=SERVICE_SLO),
                        unit=Unit.RATIO,
                        decimals=2,
                    ),
                    Column(
                        title="Good events",
                        expr="1 - " + PLACES.max(objectives.BAD_RATIO_OF_PERIOD, by=SERVICE_SLO),
                        unit=Unit.RATIO,
                        decimals=2,
                    ),
                    Column(
                        title="Budget left",
                        expr=objectives.budget_left(PLACES, by=SERVICE_SLO),
                        unit=Unit.RATIO,
                        decimals=0,
                        scale=thresholds.BUDGET_LEFT,
                        mappings=objectives.UNKNOWN,
                    ),
                    Column(
                        title="Burn rate",
                        expr=running(PLACES.max(objectives.BURN_RATE, by=SERVICE_SLO), PLACES),
                        unit=Unit.FACTOR,
                        decimals=1,
                        scale=thresholds.BURN_RATE,
                    ),
                ),
                sort_by="Burn rate",
                no_value="no objective",
            ),
        ),
        (
            Table(
                title="Services without an objective",
                height=6,
                description="Services that no objective covers, so that this page has nothing on "
                "them. Write an objective for a service that users depend on, as "
                "docs/how-to/objectives.md shows.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="job", title="Service", link=links.CLICKED_SERVICE),
                ),
                columns=(
                    Column(
                        title="Requests",
                        expr=f"{PLACES.sum(services.REQUESTS)}\n"
                        f"unless on ({labels(IDENTITY)}) {PLACES.select(objectives.OBJECTIVE)}",
                        unit=Unit.REQUESTS_PER_SECOND,
                        decimals=2,
                    ),
                ),
                sort_by="Requests",
                no_value="every service has an objective",
            ),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.SLO,
    variables=(variables.PROMETHEUS, *variables.PLACES, JOB, SLO_VARIABLE),
    rows=(OBJECTIVE, HISTORY, FAILURES),
    time_range="30d",
    refresh="5m",
)
