"""Dashboard On call: firing alerts, and changes that preceded them."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import (
    alerting,
    colors,
    links,
    service_curves,
    thresholds,
    variables,
)
from sightline.mixin.dashboards.base import START_TIME, create_dashboard
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import (
    JOBS,
    PLACES,
    build_info,
    default_to_zero,
    labels,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import Scale, Step, rising_scale, value_mappings
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import StateTimeline
from sightline.mixin.grafana.variables import Choice
from sightline.mixin.identity import IDENTITY
from sightline.mixin.queries import INSTANCE
from sightline.mixin.rules import services as rules

BEFORE: Final = Choice(name="before", label="Compare with", values=("10m", "1h", "1d", "7d"))
"""Age of the traffic that changes are measured against."""

_CHANGED: Final = 0.3
"""Relative change of the traffic that is listed."""

_VERSION: Final = (*IDENTITY, "service_version")
_VERSIONS: Final = f"group by ({labels(_VERSION)}) ({build_info(JOBS)})"
_PROCESS_VERSIONS: Final = f"group by ({labels(INSTANCE)}, service_version) ({build_info(JOBS)})"

DEPLOYS: Final = f"""
max by ({labels(_VERSION)}) (
  (time() - {START_TIME})
  * on ({labels(INSTANCE)}) group_left (service_version)
  {_PROCESS_VERSIONS}
)
unless on ({labels(_VERSION)}) last_over_time({build_info(JOBS)}[5m] offset $__range)
and on ({labels(IDENTITY)}) last_over_time({build_info(JOBS)}[5m] offset $__range)
"""
"""PromQL for the seconds since the first start of versions that did not run before the range."""

RESTARTS: Final = f"""
sum by ({labels(IDENTITY)}) (
  changes({START_TIME}[$__range])
  and on ({labels(INSTANCE)}) {build_info(JOBS)}
) > 0
"""
LAST_START: Final = f"""
min by ({labels(IDENTITY)}) (time() - {START_TIME})
and on ({labels(IDENTITY)}) ({RESTARTS.strip()})
"""

TRAFFIC: Final = JOBS.sum(rules.REQUESTS)
_TRAFFIC_BEFORE: Final = (
    f"sum by ({labels(IDENTITY)}) ({JOBS.select(rules.REQUESTS)} offset $before)"
)
TRAFFIC_CHANGE: Final = queries.share(TRAFFIC, _TRAFFIC_BEFORE)
CHANGED: Final = f"abs({TRAFFIC_CHANGE} - 1) > {_CHANGED:g}"

FAULTS: Final = f"""
max by (point, kind) ({service_metrics.FAULT_INJECTED})
or on () label_replace(vector(0), "kind", "none", "", "")
"""

NOW: Final = Row(
    title="What fires",
    lines=(
        (
            Stat(
                title="Critical alerts",
                description="Number of firing critical alerts, each counted once per service. Each "
                "needs someone now: start with the oldest of the table below.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr=default_to_zero(colors.firing_count(PLACES, severity="critical"))
                    ),
                ),
                scale=thresholds.ONE_IS_BAD,
            ),
            Stat(
                title="Warnings",
                description="Number of firing warnings, each counted once per service. They can "
                "wait until the morning, unless they are the cause of a critical alert.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr=default_to_zero(colors.firing_count(PLACES, severity="warning"))
                    ),
                ),
                scale=Scale(below=Color.GOOD, steps=(Step(value=1, color=Color.WARNING),)),
            ),
            service_curves.SERVICES_DOWN,
            alerting.ALIVE,
        ),
        (alerting.FIRING_TABLE,),
        (alerting.over_time(PLACES),),
    ),
)

_SERVICE: Final = (*PLACE_KEYS, Key(label="job", title="Service", link=links.CLICKED_SERVICE))

CHANGES: Final = Row(
    title="What changed",
    lines=(
        (
            Table(
                title="Deploys",
                height=7,
                description="Versions that first ran in the time range, of services that ran "
                "before it. A fault that began after a deploy of the service or of its callee: "
                "roll that deploy back first.",
                keys=(*_SERVICE, Key(label="service_version", title="Version")),
                columns=(Column(title="Since", expr=DEPLOYS, unit=Unit.SECONDS, decimals=1),),
                sort_by="Since",
                ascending=True,
                no_value="no deploy",
            ),
            Table(
                title="Restarts",
                height=7,
                description="Processes that started again in the time range, and the time since "
                "the last start. Many restarts without a deploy are crashes: read the log of the "
                "service, then its memory.",
                keys=_SERVICE,
                columns=(
                    Column(title="Starts", expr=RESTARTS, unit=Unit.COUNT),
                    Column(title="Since", expr=LAST_START, unit=Unit.SECONDS, decimals=1),
                ),
                sort_by="Since",
                ascending=True,
                no_value="no restart",
            ),
        ),
        (
            Table(
                title="Traffic",
                height=7,
                description="Services with a rate of requests that differs by a third from the "
                "time selected above. Less traffic at the first service is lost users; more "
                "traffic behind an unchanged first service is retries.",
                keys=_SERVICE,
                columns=(
                    Column(
                        title="Requests",
                        expr=f"{TRAFFIC}\nand on ({labels(IDENTITY)}) ({CHANGED})",
                        unit=Unit.REQUESTS_PER_SECOND,
                        decimals=2,
                    ),
                    Column(
                        title="Change",
                        expr=f"{TRAFFIC_CHANGE} - 1 and on ({labels(IDENTITY)}) ({CHANGED})",
                        unit=Unit.RATIO,
                        decimals=0,
                    ),
                ),
                sort_by="Requests",
                no_value="traffic as before",
            ),
            StateTimeline(
                title="Injected faults",
                description="Faults that a drill or a flag injects, by point and kind. An alert "
                "that begins with a band is part of the drill: end the drill to end the alert.",
                height=7,
                unit=Unit.COUNT,
                queries=(Query(expr=FAULTS, legend="{{point}} {{kind}}"),),
                scale=Scale(below=Color.GOOD, steps=(Step(value=1, color=Color.FAULT),)),
                mappings=tuple(
                    value_mappings({"0": ("none", Color.GOOD), "1": ("injected", Color.FAULT)})
                ),
            ),
        ),
    ),
)

SINCE: Final = Row(title="Services since then", lines=(service_curves.CURVES,))

_TIMES: Final = (
    f"sum by (alertname, {labels(IDENTITY)}) (1 + changes("
    + PLACES.narrow('severity=~"critical|warning"').select("ALERTS_FOR_STATE")
    + "[$__range]))"
)

QUALITY: Final = Row(
    title="Quality of alerts",
    collapsed=True,
    lines=(
        (
            Table(
                title="Alerts by number of times",
                description="How many times the condition of each alert became true in the time "
                "range, fired or not. An alert that often begins and ends needs a longer hold, or "
                "a fix of its cause.",
                keys=(
                    Key(label="alertname", title="Alert", width=200),
                    *_SERVICE,
                ),
                columns=(
                    Column(
                        title="Times",
                        expr=f"topk(30, {_TIMES})",
                        unit=Unit.COUNT,
                        scale=rising_scale(warning=5, bad=20),
                    ),
                ),
                sort_by="Times",
                no_value="no alert",
            ),
        ),
    ),
)
"""Collapsed, because it is read after an incident."""

DASHBOARD: Final = create_dashboard(
    dashboard_list.ON_CALL,
    variables=(
        variables.PROMETHEUS,
        *variables.PLACES,
        variables.JOBS,
        BEFORE,
        *variables.COUNTED_SERVICES,
    ),
    rows=(NOW, CHANGES, SINCE, QUALITY),
    time_range="3h",
)
