"""Parts that every dashboard has: tags, annotations and the link to the other dashboards."""

from dataclasses import replace
from typing import Final

from instrumentation import conventions, service_metrics
from sightline.mixin import queries
from sightline.mixin.dashboard_list import Entry
from sightline.mixin.dashboards import colors
from sightline.mixin.dashboards.selection import JOBS, labels
from sightline.mixin.grafana.dashboard import Annotation, Dashboard, Row
from sightline.mixin.grafana.schema import Color, Json
from sightline.mixin.grafana.variables import Variable
from sightline.mixin.identity import IDENTITY

TAGS: Final = ("sightline",)

START_TIME: Final = JOBS.select(queries.START_TIME)
"""Selector of the start times of processes."""

RESTARTS: Final = f"""
group by ({labels(IDENTITY)}) (
  max_over_time({START_TIME}[$__rate_interval])
  > last_over_time({START_TIME}[1h] offset $__rate_interval)
)
"""
"""PromQL for services with a process whose start time is later than it was before.

The range grows with the step of the panel, so that no restart falls between two steps.
"""

_VERSION: Final = JOBS.narrow('service_version!=""').select(f"{conventions.APP_BUILD}_info")
_VERSION_LABELS: Final = labels((*IDENTITY, "service_version"))
_BEFORE: Final = f"last_over_time({_VERSION}[10m] offset $__interval)"

DEPLOYS: Final = f"""
group by ({_VERSION_LABELS}) ({_VERSION})
  unless on ({_VERSION_LABELS}) {_BEFORE}
  and on ({labels(IDENTITY)}) {_BEFORE}
"""
"""PromQL for versions that are new since the previous step, of services that ran before it.

A service that returns after an outage is no deploy.
"""


_CONFIGURATION: Final = JOBS.select(service_metrics.CONFIGURATION_VERSION)

CONFIGURATION_CHANGES: Final = f"""
group by ({labels(IDENTITY)}) (
  max_over_time({_CONFIGURATION}[$__rate_interval])
  > last_over_time({_CONFIGURATION}[1h] offset $__rate_interval)
)
"""
"""PromQL for services with an instance that uses a newer configuration than before.

A rollback has a new version, too. As for `RESTARTS`, no change falls between two steps.
"""


def _firing(severity: str) -> str:
    """Return PromQL with one series, however many alerts of *severity* fire."""
    matchers = f'alertstate="firing", severity="{severity}"'
    return f"max by (severity) ({JOBS.narrow(matchers).select('ALERTS')})"


ANNOTATIONS: Final = (
    Annotation(
        name="Alerts",
        expr=_firing("critical"),
        color=Color.BAD,
        title="critical alerts",
    ),
    Annotation(
        name="Warnings",
        expr=_firing("warning"),
        color=Color.WARNING,
        title="warning alerts",
    ),
    Annotation(
        name="Restarts",
        expr=RESTARTS,
        color=Color.WARNING,
        title="{{job}} restarted",
        toggle=False,
    ),
    Annotation(
        name="Deploys",
        expr=DEPLOYS,
        color=Color.INFORMATION,
        title="{{job}} {{service_version}}",
        toggle=False,
    ),
    Annotation(
        name="Configuration",
        expr=CONFIGURATION_CHANGES,
        color=Color.INFORMATION,
        title="{{job}} configured",
        toggle=False,
    ),
    Annotation(
        name="Faults",
        expr=f"max by (point, kind) ({service_metrics.FAULT_INJECTED}) > 0",
        color=Color.FAULT,
        title="fault: {{kind}}",
        text="{{point}}",
        toggle=False,
    ),
)

DASHBOARDS_LINK: Final[Json] = {
    "type": "dashboards",
    "title": "Sightline",
    "tags": list(TAGS),
    "asDropdown": True,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "Open another dashboard with the same time range and variables",
    "url": "",
}


def create_dashboard(
    entry: Entry,
    *,
    variables: tuple[Variable, ...],
    rows: tuple[Row, ...],
    time_range: str = "15m",
    refresh: str = "30s",
) -> Dashboard:
    """Return the dashboard of *entry* with the parts that every dashboard has.

    Args:
        entry: Entry of the list of dashboards.
        variables: Variables in the order of their inputs.
        rows: Panels.
        time_range: Time until now that a new page shows.
        refresh: Interval at which the browser repeats the queries.
    """
    return Dashboard(
        uid=entry.uid,
        title=entry.title,
        description=entry.question,
        tags=TAGS,
        variables=variables,
        annotations=ANNOTATIONS,
        links=(DASHBOARDS_LINK,),
        rows=tuple(map(_colored, rows)),
        time_range=time_range,
        refresh=refresh,
    )


def _colored(row: Row) -> Row:
    """Return *row* with a color of its own for each series of panels with many."""
    return replace(row, lines=tuple(tuple(map(colors.of_series, line)) for line in row.lines))
