"""Is everything well, and if not, which service?"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, limits, looks, spans
from sightline.mixin.dashboards.selection import JOBS, or_nothing, some
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import StateTimeline, TimeSeries
from sightline.mixin.grafana.graphs import ServiceMap
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.vocabulary import Unit
from sightline.mixin.rules import processes
from sightline.mixin.rules import services as rules

UP: Final = f"""
({JOBS.sum("up")} and on (job) max_over_time({JOBS.series("app_build_info")}[$__range]))
"""
"""Instances that answer, of services alone: those that said what they are within the time."""

FIRING: Final = """
max by (alertname, job, severity) (
  (time() - ALERTS_FOR_STATE{severity=~"critical|warning"})
  and ignoring (alertstate) ALERTS{alertstate="firing"}
)
"""
"""Seconds since the condition of each firing alert became true."""

ERROR_RATIO: Final = queries.share(
    f"sum({JOBS.series(rules.ERRORS)})", f"sum({JOBS.series(rules.REQUESTS)})"
)
"""Of all services together."""

DURATION_P99: Final = some(JOBS.also('quantile="0.99"').series(rules.DURATION))

NOW: Final = Row(
    title="Now",
    lines=(
        (
            Stat(
                title="Services down",
                description="Services of which no instance answers Prometheus. "
                "Anything but 0: the table below shows which; then see its log.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=or_nothing(f"count({UP} == 0)")),),
                scale=limits.ANY,
            ),
            Stat(
                title="Firing alerts",
                description="Alerts that want a person now. "
                "Anything but 0: the list below names them; each has a runbook.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr=or_nothing(
                            'count(ALERTS{alertstate="firing", severity=~"critical|warning"})'
                        )
                    ),
                ),
                scale=limits.ANY,
            ),
            Stat(
                title="Requests",
                description="Requests that all services complete. "
                "A sudden fall to nothing is an outage that no error ratio shows.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=f"sum({JOBS.series(rules.REQUESTS)})"),),
                when_empty="no traffic",
            ),
            Stat(
                title="Errors",
                description="Share of all requests answered 5xx. "
                "Red: the curve below shows which service began.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(
                    Query(
                        expr=queries.share(
                            f"sum({JOBS.series(rules.ERRORS)})",
                            f"sum({JOBS.series(rules.REQUESTS)})",
                        )
                    ),
                ),
                scale=limits.ERROR_RATIO,
                when_empty="no traffic",
            ),
            Stat(
                title="Duration, p99",
                description="One request of a hundred takes longer, whichever service serves it.",
                unit=Unit.SECONDS,
                queries=(Query(expr=JOBS.quantile(0.99, queries.SERVER, by=())),),
                scale=limits.DURATION_P99,
                when_empty="no traffic",
            ),
            Stat(
                title="Lowest error budget",
                description="What the worst of all promises has left for this period. "
                "Red: spent; the SLO dashboard shows whose.",
                unit=Unit.RATIO,
                decimals=0,
                queries=(
                    InstantQuery(
                        expr=f"min({JOBS.series('slo:period_error_budget_remaining:ratio')})"
                    ),
                ),
                scale=limits.BUDGET_LEFT,
                minimum=None,
                links=(frame.TO_OBJECTIVES,),
                when_empty="no SLO",
            ),
            Stat(
                title="Spans lost",
                description="Share of the spans of the chosen time that never reached storage. "
                "Red: traces have holes; the telemetry dashboard shows where.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(InstantQuery(expr=spans.lost(JOBS, "otelcol_exporter_sent_spans_total")),),
                scale=limits.SPANS_LOST,
                when_empty="few spans yet",
            ),
        ),
    ),
)

SERVICES: Final = Row(
    title="Services",
    lines=(
        (
            Table(
                title="Services",
                height=7,
                description="One line a service. Red or orange: click the service.",
                keys=(
                    Key(label="job", title="Service", link=frame.to_service("${__value.raw}")),
                    Key(
                        label="service_version",
                        title="Version",
                        expr=f"count by (job, service_version) ({JOBS.series('app_build_info')})",
                    ),
                ),
                columns=(
                    Column(title="Instances up", expr=UP, unit=Unit.COUNT, scale=limits.WORKS),
                    Column(
                        title="Requests",
                        expr=JOBS.sum(rules.REQUESTS),
                        unit=Unit.REQUESTS_PER_SECOND,
                        decimals=2,
                    ),
                    Column(
                        title="Errors",
                        expr=JOBS.max(rules.ERROR_RATIO),
                        unit=Unit.RATIO,
                        decimals=2,
                        scale=limits.ERROR_RATIO,
                    ),
                    Column(
                        title="p99",
                        expr=f"max by (job) ({DURATION_P99})",
                        unit=Unit.SECONDS,
                        decimals=1,
                        scale=limits.DURATION_P99,
                    ),
                    Column(
                        title="In flight",
                        expr=JOBS.sum("http_server_active_requests"),
                        unit=Unit.COUNT,
                    ),
                    Column(
                        title="Budget left",
                        expr=JOBS.min("slo:period_error_budget_remaining:ratio"),
                        unit=Unit.RATIO,
                        decimals=0,
                        scale=limits.BUDGET_LEFT,
                        bar=True,
                    ),
                    Column(
                        title="Burn rate",
                        expr=JOBS.max("slo:current_burn_rate:ratio"),
                        unit=Unit.FACTOR,
                        decimals=1,
                        scale=limits.BURN_RATE,
                    ),
                    Column(
                        title="Loop delay, p99",
                        expr=some(JOBS.also('quantile="0.99"').max(processes.LOOP_DELAY)),
                        unit=Unit.SECONDS,
                        decimals=1,
                        scale=limits.LOOP_DELAY,
                    ),
                ),
                sort_by="Requests",
            ),
        ),
        (
            TimeSeries(
                title="Requests by service",
                description="Completed requests of each service. "
                "A cliff means that callers stopped or nothing is answered.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=JOBS.series(rules.REQUESTS), legend="{{job}}"),),
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Error ratio by service",
                description="Share of requests answered 5xx. "
                "Above the red line: open the service and look at its routes.",
                unit=Unit.RATIO,
                queries=(Query(expr=JOBS.series(rules.ERROR_RATIO), legend="{{job}}"),),
                reaches=0.1,
                scale=limits.ERROR_RATIO,
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Duration by service, p99",
                description="One request of a hundred takes longer. "
                "When several rise at once, look at the one that the others call.",
                unit=Unit.SECONDS,
                queries=(Query(expr=DURATION_P99, legend="{{job}}"),),
                scale=limits.DURATION_P99,
                when_empty="no traffic",
            ),
        ),
    ),
)

ALERTS: Final = Row(
    title="Alerts and calls",
    lines=(
        (
            Table(
                title="Firing alerts by age",
                description="What fires now, and for how long its condition has been true. "
                "The oldest of a group is usually the cause.",
                span=7,
                keys=(
                    Key(label="alertname", title="Alert"),
                    Key(label="job", title="Service", link=frame.to_service("${__value.raw}")),
                    Key(label="severity", title="Severity"),
                ),
                columns=(Column(title="Since", expr=FIRING, unit=Unit.SECONDS, decimals=1),),
                sort_by="Since",
                when_empty="no alert fires",
            ),
            StateTimeline(
                title="Alerts over time",
                description="When each alert fired: red is critical, orange a warning. "
                "The band that begins first is usually the cause.",
                span=8,
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=looks.bands('alertname!=""', by="alertname, job"),
                        legend="{{alertname}} {{job}}",
                    ),
                ),
                mappings=looks.FIRING,
                when_empty="no alert fired",
            ),
            ServiceMap(
                title="Who calls whom",
                description="Calls between services, counted from traces. "
                "A missing arrow is lost context or a dead service.",
                span=9,
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="fleet",
    title="Fleet",
    description="Is everything well, and if not, which service?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, frame.JAEGER, frame.JOBS),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(NOW, SERVICES, ALERTS),
)
