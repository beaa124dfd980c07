"""Series and panels of objectives that several dashboards show."""

from collections.abc import Sequence
from typing import Final

from sightline.mixin.dashboards import thresholds
from sightline.mixin.dashboards.selection import Selection, running
from sightline.mixin.grafana.fields import Link, value_mappings
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.targets import InstantQuery

OBJECTIVE: Final = "job_slo:objective:ratio"
ERROR_BUDGET: Final = "job_slo:error_budget:ratio"
PERIOD_DAYS: Final = "job_slo:time_period:days"
PERIOD_COVERAGE: Final = "job_slo:period_coverage:ratio"
EVENTS: Final = "job_slo:events:rate"
BAD_EVENTS: Final = "job_slo:errors:rate"
BAD_RATIO: Final = "job_slo:sli_error:ratio"
BAD_RATIO_OF_PERIOD: Final = "job_slo:sli_error:ratio_period"
BUDGET_LEFT: Final = "job_slo:period_error_budget_remaining:ratio"
BURN_RATE: Final = "job_slo:current_burn_rate:ratio"
BURN_RATE_OF_WINDOW: Final = "job_slo:burn_rate:ratio"
"""Series that rules record, with the labels ``job`` and ``slo``."""


_UNKNOWN: Final = -1_000_000
"""Value for a service with an objective and without a running instance."""

UNKNOWN: Final = tuple(value_mappings({str(_UNKNOWN): ("no data", Color.NEUTRAL)}))
"""Mappings of the results of `budget_left` and `running_or_unknown`."""


def budget_left(selection: Selection, *, by: Sequence[str]) -> str:
    """Return the remaining error budget, or `_UNKNOWN` for services without a running instance."""
    series = selection.min(BUDGET_LEFT, by=by)
    return f"{running(series, selection)}\nor (0 * {series} + {_UNKNOWN})"


def running_or_unknown(aggregation: str, selection: Selection, name: str) -> str:
    """Return *aggregation* of the series *name*, or `_UNKNOWN` if every service is down."""
    series = selection.select(name)
    return f"{aggregation}({running(series)})\nor on () (0 * {aggregation}({series}) + {_UNKNOWN})"


def lowest_budget(selection: Selection, *, title: str, description: str, link: Link) -> Stat:
    """Return the panel of the smallest remaining error budget."""
    return Stat(
        title=title,
        description=description,
        unit=Unit.RATIO,
        decimals=0,
        queries=(InstantQuery(expr=running_or_unknown("min", selection, BUDGET_LEFT)),),
        scale=thresholds.BUDGET_LEFT,
        mappings=UNKNOWN,
        minimum=None,
        links=(link,),
        no_value="no objective",
    )


def highest_burn_rate(selection: Selection, *, links: tuple[Link, ...], no_value: str) -> Stat:
    """Return the panel of the highest current burn rate."""
    return Stat(
        title="Burn rate",
        description="Current speed at which the error budget is spent: 1 spends exactly the whole "
        "budget by the end of the period. Orange is the level of a warning, red the level of a "
        "critical alert.",
        unit=Unit.FACTOR,
        decimals=1,
        queries=(InstantQuery(expr=running_or_unknown("max", selection, BURN_RATE)),),
        scale=thresholds.BURN_RATE,
        mappings=UNKNOWN,
        minimum=None,
        links=links,
        no_value=no_value,
    )
