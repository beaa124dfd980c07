"""Dashboard Service: requests, resources and dependencies of one service."""

from typing import Final

from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import (
    callees,
    colors,
    links,
    objectives,
    request_panels,
    saturation,
    thresholds,
    trace_panels,
    variables,
)
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.configuration import CONFIGURATION
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.recorded import ROUTES, SERVICES
from sightline.mixin.dashboards.selection import (
    JOBS,
    PROCESSES,
    build_info,
    default_to_zero,
    drop_nan,
    labels,
)
from sightline.mixin.dashboards.versions import VERSIONS
from sightline.mixin.dashboards.weeks import WEEK_OVER_WEEK
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import BAR_SCALE
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery
from sightline.mixin.rules import dependencies

BUSY: Final = ROUTES.rate(f"{queries.SERVER}_sum", by=())
BUSY_BY_ROUTE: Final = ROUTES.rate(f"{queries.SERVER}_sum", by=("http_route",))
"""PromQL for the seconds per second that requests take."""

NOW: Final = Row(
    title="Now",
    lines=(
        (
            Stat(
                title="Instances down",
                description="Number of instances that Prometheus cannot scrape. Anything but 0 "
                "means that a process is down or unreachable. The table Instances below shows "
                "which one; read its log next.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(expr=default_to_zero(f"count({PROCESSES.select('up')} == 0)")),
                ),
                scale=thresholds.ONE_IS_BAD,
            ),
            Stat(
                title="Firing alerts",
                description="Number of firing critical and warning alerts of this service. If it "
                "is not 0, the Fleet dashboard names the alerts.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=default_to_zero(colors.firing_count(JOBS))),),
                scale=thresholds.ONE_IS_BAD,
            ),
            request_panels.requests_stat(SERVICES),
            request_panels.errors_stat(SERVICES),
        ),
        (
            request_panels.duration_stat(SERVICES),
            objectives.lowest_budget(
                JOBS,
                title="Error budget left",
                description="Smallest remaining error budget of this service. Red means that it is "
                "exhausted. Click to open the SLO dashboard.",
                link=links.SERVICE_OBJECTIVES,
            ),
            objectives.highest_burn_rate(
                JOBS, links=(links.SERVICE_OBJECTIVES,), no_value="no objective"
            ),
        ),
    ),
)

RATE_ERRORS_DURATION: Final = Row(
    title="Rate, errors, duration of all instances",
    lines=(
        (
            request_panels.request_rate(SERVICES),
            request_panels.error_ratio(SERVICES),
            request_panels.duration_quantiles(SERVICES, links.SLOW_REQUESTS),
        ),
        (
            request_panels.duration_heatmap(SERVICES),
            Table(
                title="Routes",
                description="Rate, errors and duration of each route, and its share of the time "
                "that the service spends in requests. The route with the largest share is the "
                "first to make faster. Click a route to open its dashboard.",
                relative_width=2,
                keys=(
                    Key(
                        label="http_route",
                        title="Route",
                        link=links.CLICKED_ROUTE,
                        width=165,
                    ),
                ),
                columns=(
                    *request_panels.request_columns(ROUTES, by=("http_route",)),
                    Column(
                        title="Time share",
                        expr=f"{BUSY_BY_ROUTE}\n/ on () group_left ()\n({BUSY} > 0)",
                        unit=Unit.RATIO,
                        decimals=0,
                        scale=BAR_SCALE,
                        bar=True,
                    ),
                ),
                sort_by="Time share",
                no_value="no traffic",
            ),
        ),
    ),
)

SATURATION: Final = Row(
    title="Saturation",
    lines=(
        (
            saturation.IN_FLIGHT,
            saturation.LOOP_DELAY,
        ),
        (
            saturation.WORKER_THREADS,
            saturation.CORES,
        ),
    ),
)


PROCESS: Final = ("cluster", "namespace", "instance")
"""Labels of a process of the selected service."""

CALLEE: Final = ("peer",)
CALLS: Final = JOBS.select(dependencies.CALLS)
FAILED_CALLS: Final = JOBS.select(dependencies.FAILED_CALLS)


def _call_duration(quantile: str) -> str:
    series = JOBS.narrow(f'quantile="{quantile}"').select(dependencies.DURATION)
    durations = drop_nan(series)
    return callees.name_callees(f"({durations})", aggregation="max", by=CALLEE)


CALLS_AND_INSTANCES: Final = Row(
    title="Outgoing calls and instances",
    lines=(
        (
            Table(
                title="Outgoing calls",
                height=7,
                description="Calls to each dependency, as measured by this service. If calls fail "
                "here but the callee reports no errors, the network fails or the timeout of this "
                "service is too short.",
                keys=(Key(label="peer", title="Callee", link=links.CLICKED_CALLEE),),
                columns=(
                    Column(
                        title="Calls",
                        expr=callees.name_callees(CALLS, by=CALLEE),
                        unit=Unit.REQUESTS_PER_SECOND,
                        decimals=2,
                    ),
                    Column(
                        title="Failed",
                        expr=callees.failure_ratio(FAILED_CALLS, CALLS, by=CALLEE),
                        unit=Unit.RATIO,
                        decimals=2,
                        scale=thresholds.CALL_FAILURES,
                    ),
                    Column(
                        title="p50",
                        expr=_call_duration("0.5"),
                        unit=Unit.SECONDS,
                        decimals=1,
                    ),
                    Column(
                        title="p99",
                        expr=_call_duration("0.99"),
                        unit=Unit.SECONDS,
                        decimals=1,
                        scale=thresholds.CALL_DURATION_P99,
                    ),
                ),
                sort_by="Calls",
                no_value="no calls",
            ),
        ),
        (
            Table(
                title="Instances",
                height=7,
                description="One row per process. A short uptime means that the process restarted. "
                "Two versions mean that a deploy is in progress or stopped halfway.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="instance", title="Instance", width=148),
                    Key(
                        label="service_version",
                        title="Version",
                        expr=f"count by ({labels(PROCESS)}, service_version) "
                        f"({build_info(PROCESSES)})",
                    ),
                ),
                columns=(
                    Column(
                        title="Up",
                        expr=PROCESSES.sum("up", by=PROCESS),
                        unit=Unit.COUNT,
                    ),
                    Column(
                        title="Uptime",
                        expr=saturation.uptime(by=PROCESS),
                        unit=Unit.SECONDS,
                        decimals=1,
                    ),
                    Column(
                        title="CPU",
                        expr=saturation.busiest_cores(by=PROCESS),
                        unit=Unit.COUNT,
                        decimals=2,
                        scale=thresholds.CORES,
                    ),
                    Column(
                        title="Memory",
                        expr=saturation.memory(by=PROCESS),
                        unit=Unit.BYTES,
                    ),
                    Column(
                        title="Files",
                        expr=saturation.open_files(by=PROCESS),
                        unit=Unit.COUNT,
                    ),
                ),
                sort_by="Uptime",
            ),
        ),
    ),
)

TRACES: Final = Row(
    title="Traces",
    lines=(
        (
            trace_panels.slow_traces("service"),
            trace_panels.failed_traces("service"),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.SERVICE,
    variables=(
        variables.PROMETHEUS,
        variables.JAEGER,
        *variables.PLACES,
        variables.JOB,
        variables.INSTANCES,
        variables.MIN_DURATION,
        *variables.COUNTED_PROCESSES,
    ),
    rows=(
        *(NOW, RATE_ERRORS_DURATION, SATURATION, CALLS_AND_INSTANCES, TRACES),
        *(VERSIONS, CONFIGURATION, WEEK_OVER_WEEK),
    ),
)
