"""What does this service suffer from: its routes, its process, or those it calls?"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, limits, peers, red, saturation
from sightline.mixin.dashboards.selection import JOBS, PROCESSES, or_nothing
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.fields import AMOUNT
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.tables import Column, Key, Table, TraceTable
from sightline.mixin.grafana.targets import InstantQuery, Query, TraceSearch
from sightline.mixin.grafana.vocabulary import Unit

ROUTES: Final = PROCESSES.also('http_route!=""')
"""Requests that met a route; those that met none belong to nobody."""

BUSY: Final = ROUTES.rate(f"{queries.SERVER}_sum", by=())
BUSY_BY_ROUTE: Final = ROUTES.rate(f"{queries.SERVER}_sum", by=("http_route",))
"""Seconds spent in requests, a second."""

NOW: Final = Row(
    title="Now",
    lines=(
        (
            Stat(
                title="Instances down",
                description="Processes that do not answer Prometheus. "
                "Anything but 0: see Instances below, then that one's log.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=or_nothing(f"count({PROCESSES.series('up')} == 0)")),),
                scale=limits.ANY,
            ),
            Stat(
                title="Firing alerts",
                description="Alerts about this service. Anything but 0: the home page names them.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr='count(ALERTS{alertstate="firing", severity=~"critical|warning", '
                        'job=~"$job"}) or vector(0)'
                    ),
                ),
                scale=limits.ANY,
            ),
            Stat(
                title="Requests",
                description="Requests completed. None while callers are busy: it hangs.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=PROCESSES.requests(by=())),),
                when_empty="no traffic",
            ),
            Stat(
                title="Errors",
                description="Share of requests answered 5xx. Red is what the alert calls high.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(Query(expr=PROCESSES.error_ratio(by=())),),
                scale=limits.ERROR_RATIO,
                when_empty="no traffic",
            ),
            Stat(
                title="Duration, p99",
                description="One request of a hundred takes longer. Red: see Slow traces.",
                unit=Unit.SECONDS,
                queries=(Query(expr=PROCESSES.quantile(0.99, queries.SERVER, by=())),),
                scale=limits.DURATION_P99,
                when_empty="no traffic",
            ),
            Stat(
                title="Error budget left",
                description="The least of its promises' budgets. "
                "Red: spent; click for the objectives.",
                unit=Unit.RATIO,
                decimals=0,
                queries=(
                    InstantQuery(
                        expr=f"min({JOBS.series('slo:period_error_budget_remaining:ratio')})"
                    ),
                ),
                scale=limits.BUDGET_LEFT,
                minimum=None,
                links=(frame.TO_ITS_OBJECTIVES,),
                when_empty="no SLO",
            ),
            Stat(
                title="Burn rate",
                description="How many times faster than allowed the budget burns. "
                "Orange is a ticket, red a page.",
                unit=Unit.FACTOR,
                decimals=1,
                queries=(InstantQuery(expr=f"max({JOBS.series('slo:current_burn_rate:ratio')})"),),
                scale=limits.BURN_RATE,
                links=(frame.TO_ITS_OBJECTIVES,),
                when_empty="no SLO",
            ),
        ),
    ),
)

RED: Final = Row(
    title="Rate, errors, duration",
    lines=(
        (red.rate(PROCESSES), red.errors(PROCESSES), red.duration(PROCESSES, frame.TO_EXPLORER)),
        (
            red.distribution(PROCESSES),
            Table(
                title="Routes",
                description="Which route is slow or fails, and where the time goes: "
                "the share of the service's busy time. Click a route.",
                span=2,
                keys=(
                    Key(
                        label="http_route",
                        title="Route",
                        link=frame.to_route("${__value.raw:percentencode}"),
                        width=230,
                    ),
                ),
                columns=(
                    *red.columns(ROUTES, by=("http_route",)),
                    Column(
                        title="Share of time",
                        expr=f"{BUSY_BY_ROUTE}\n/ on () group_left ()\n({BUSY} > 0)",
                        unit=Unit.RATIO,
                        decimals=0,
                        scale=AMOUNT,
                        bar=True,
                    ),
                ),
                sort_by="Share of time",
                when_empty="no traffic",
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
            saturation.WORKER_THREADS,
            saturation.CORES,
        ),
    ),
)


def _of_peers(calls: str) -> str:
    return f"max by (peer) ({peers.named(f'({calls})')})"


NEIGHBOURS: Final = Row(
    title="What it calls, where it runs",
    lines=(
        (
            Table(
                title="Outgoing calls",
                height=7,
                description="Each address it calls, as it sees it. "
                "Errors here and none there: the network, or a timeout that is too short.",
                keys=(Key(label="peer", title="Callee", link=frame.to_service("${__value.raw}")),),
                columns=(
                    Column(
                        title="Calls",
                        expr=_of_peers(PROCESSES.calls()),
                        unit=Unit.REQUESTS_PER_SECOND,
                        decimals=2,
                    ),
                    Column(
                        title="Failed",
                        expr=_of_peers(PROCESSES.failed_call_ratio()),
                        unit=Unit.RATIO,
                        decimals=2,
                        scale=limits.CALL_FAILURES,
                    ),
                    Column(
                        title="p50",
                        expr=_of_peers(PROCESSES.quantile(0.5, queries.CLIENT, by=queries.PEER)),
                        unit=Unit.SECONDS,
                        decimals=1,
                    ),
                    Column(
                        title="p99",
                        expr=_of_peers(PROCESSES.quantile(0.99, queries.CLIENT, by=queries.PEER)),
                        unit=Unit.SECONDS,
                        decimals=1,
                        scale=limits.CALL_DURATION_P99,
                    ),
                ),
                sort_by="Calls",
                when_empty="no calls",
            ),
            Table(
                title="Instances",
                height=7,
                description="Each process. "
                "A short uptime is a restart; two versions are a deploy under way.",
                keys=(
                    Key(label="instance", title="Instance"),
                    Key(
                        label="service_version",
                        title="Version",
                        expr="count by (instance, service_version) "
                        f"({PROCESSES.series('app_build_info')})",
                    ),
                ),
                columns=(
                    Column(
                        title="Up",
                        expr=PROCESSES.sum("up", by=("instance",)),
                        unit=Unit.COUNT,
                    ),
                    Column(
                        title="Uptime",
                        expr="time() - "
                        + PROCESSES.max("process_start_time_seconds", by=("instance",)),
                        unit=Unit.SECONDS,
                        decimals=1,
                    ),
                    Column(
                        title="CPU",
                        expr=PROCESSES.rate("process_cpu_seconds_total", by=("instance",)),
                        unit=Unit.COUNT,
                        decimals=2,
                        scale=limits.CORES,
                    ),
                    Column(
                        title="Memory",
                        expr=PROCESSES.sum("process_resident_memory_bytes", by=("instance",)),
                        unit=Unit.BYTES,
                    ),
                    Column(
                        title="Files",
                        expr=PROCESSES.sum("process_open_fds", by=("instance",)),
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
            TraceTable(
                title="Slow traces",
                description="Traces that took longer than chosen above. "
                "Open one: the widest bar without children is where the time went.",
                search=TraceSearch(service="$job", min_duration="$min_duration"),
                overrides=frame.TRACES,
            ),
            TraceTable(
                title="Failed traces",
                description="Traces with an error. "
                "Open one: the deepest red span is the first to fail.",
                search=TraceSearch(service="$job", tags="error=true"),
                overrides=frame.TRACES,
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="service",
    title="Service",
    description="What does this service suffer from: its routes, its process, or those it calls?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, frame.JAEGER, frame.JOB, frame.INSTANCES, frame.MIN_DURATION),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(NOW, RED, SATURATION, NEIGHBOURS, TRACES),
)
