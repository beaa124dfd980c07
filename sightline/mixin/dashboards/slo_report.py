"""Dashboard SLO report: objectives over a month, and the incidents that spent the budgets."""

from typing import Final

from sightline.mixin import dashboard_list
from sightline.mixin.dashboards import colors, links, objectives, thresholds, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import (
    JOBS,
    MOST,
    default_to_zero,
    keep_top,
    labels,
)
from sightline.mixin.dashboards.slo import JOB as JOB_WITH_OBJECTIVE
from sightline.mixin.dashboards.slo import SERVICE_SLO
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import Scale, Step, value_mappings
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import StateTimeline, TimeSeries
from sightline.mixin.grafana.variables import LabelValues

_BURN_ALERTS: Final = 'alertname=~"ErrorBudget.*"'


def _mean(name: str) -> str:
    """Return PromQL for the mean of the recorded series *name* over the time range."""
    return f"max by ({labels(SERVICE_SLO)}) (avg_over_time({JOBS.select(name)}[$__range]))"


EVENTS: Final = _mean(objectives.EVENTS)
BAD_EVENTS: Final = _mean(objectives.BAD_EVENTS)
BAD_RATIO: Final = f"{BAD_EVENTS}\n/\n({EVENTS} > 0)"
"""PromQL for the ratio of bad events over the time range: a ratio of sums, not a mean of ratios."""

OBJECTIVE: Final = JOBS.max(objectives.OBJECTIVE, by=SERVICE_SLO)
SPENT: Final = f"{BAD_RATIO}\n/\n(1 - {OBJECTIVE})"
"""PromQL for the budget of the time range that is spent; 1 is the whole budget."""

_MET: Final = tuple(value_mappings({"1": ("met", Color.GOOD), "0": ("missed", Color.BAD)}))
_MISSED_IS_BAD: Final = Scale(below=Color.BAD, steps=(Step(value=1, color=Color.GOOD),))

SUMMARY: Final = Row(
    title="Summary",
    lines=(
        (
            Stat(
                title="Objectives met",
                description="Number of objectives with enough good events in the time range. The "
                "number of those missed is beside it.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=default_to_zero(f"count({SPENT} <= 1)")),),
            ),
            Stat(
                title="Missed",
                description="Number of objectives with too many bad events in the time range. The "
                "table names them; the incidents below it show when the budget was spent.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=default_to_zero(f"count({SPENT} > 1)")),),
                scale=thresholds.ONE_IS_BAD,
            ),
            Stat(
                title="Without events",
                description="Number of objectives without a single event in the time range. "
                "Nothing can be said about them; check that their indicator still selects series.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr=default_to_zero(
                            f"count({OBJECTIVE} unless on ({labels(SERVICE_SLO)}) ({EVENTS} > 0))"
                        )
                    ),
                ),
            ),
            Stat(
                title="Data coverage",
                description="Smallest share of an objective's period for which data exists. While "
                "it is low, the report covers less than the time range.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(InstantQuery(expr=f"min({JOBS.select(objectives.PERIOD_COVERAGE)})"),),
                no_value="no data yet",
            ),
        ),
    ),
)

OBJECTIVES: Final = Row(
    title="Objectives of the time range",
    lines=(
        (
            Table(
                title="Objectives",
                height=8,
                description="One row per objective, judged over the time range. More than 100 % of "
                "the budget spent is a missed objective: agree with the team on what it stops "
                "until the service is reliable again.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="job", title="Service", link=links.CLICKED_SERVICE, width=135),
                    Key(label="slo", title="SLO", link=links.CLICKED_OBJECTIVE),
                ),
                columns=(
                    Column(
                        title="Result",
                        expr=f"{SPENT} <= bool 1",
                        unit=Unit.COUNT,
                        scale=_MISSED_IS_BAD,
                        mappings=_MET,
                    ),
                    Column(title="Objective", expr=OBJECTIVE, unit=Unit.RATIO, decimals=2),
                    Column(title="Good", expr=f"1 - {BAD_RATIO}", unit=Unit.RATIO, decimals=3),
                    Column(title="Spent", expr=SPENT, unit=Unit.RATIO, decimals=0),
                    Column(
                        title="Events", expr=f"{EVENTS} * $__range_s", unit=Unit.COUNT, decimals=1
                    ),
                    Column(
                        title="Bad", expr=f"{BAD_EVENTS} * $__range_s", unit=Unit.COUNT, decimals=0
                    ),
                ),
                sort_by="Spent",
                no_value="no objective",
            ),
        ),
    ),
)

_TIMES: Final = (
    f"sum by ({labels(SERVICE_SLO)}, severity) (1 + changes("
    + JOBS.narrow(_BURN_ALERTS).select("ALERTS_FOR_STATE")
    + "[$__range]))"
)
_BUDGETS: Final = JOBS.select(objectives.BUDGET_LEFT)
_LOWEST: Final = f"-min by ({labels(SERVICE_SLO)}) (min_over_time({_BUDGETS}[$__range] @ end()))"

INCIDENTS: Final = Row(
    title="Incidents",
    lines=(
        (
            TimeSeries(
                title=f"Error budget left, lowest {MOST}",
                relative_width=11,
                description="Share of each error budget that is left, of the ten objectives with "
                "the lowest. A sudden drop is an incident, a steady decline is a permanent fault.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=keep_top(_BUDGETS, _LOWEST, by=SERVICE_SLO),
                        legend="{{job}} {{slo}}",
                    ),
                ),
                minimum=None,
                maximum=1,
                scale=thresholds.BUDGET_LEFT,
                overrides=colors.NAMES,
                no_value="no objective",
            ),
            StateTimeline(
                title="Alerts on error budgets",
                relative_width=13,
                description="Periods in which alerts on error budgets fired. Red is critical, "
                "orange is a warning. Each band is an incident to review.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=colors.firing_severity(
                            JOBS.narrow(_BURN_ALERTS).where, by=SERVICE_SLO, name="slo"
                        ),
                        legend="{{job}} {{slo}}",
                    ),
                ),
                scale=colors.SEVERITY_SCALE,
                mappings=colors.SEVERITIES,
            ),
        ),
        (
            Table(
                title="Alerts by objective",
                height=7,
                description="How many times the condition of a burn-rate alert became true in the "
                "time range, by objective and severity. Many warnings without a critical alert are "
                "a permanent fault.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="job", title="Service", link=links.CLICKED_SERVICE),
                    Key(label="slo", title="SLO", link=links.CLICKED_OBJECTIVE),
                    Key(label="severity", title="Severity"),
                ),
                columns=(Column(title="Times", expr=_TIMES, unit=Unit.COUNT),),
                sort_by="Times",
                no_value="no alert",
            ),
        ),
    ),
)

JOBS_WITH_OBJECTIVES: Final = LabelValues(name="job", label="Job", query=JOB_WITH_OBJECTIVE.query)

DASHBOARD: Final = create_dashboard(
    dashboard_list.SLO_REPORT,
    variables=(variables.PROMETHEUS, *variables.PLACES, JOBS_WITH_OBJECTIVES),
    rows=(SUMMARY, OBJECTIVES, INCIDENTS),
    time_range="30d",
    refresh="15m",
)
