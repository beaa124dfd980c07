"""Dashboard Fleet: health of all services."""

from typing import Final

from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import (
    alerting,
    colors,
    links,
    objectives,
    recorded,
    service_curves,
    span_loss,
    thresholds,
    trace_panels,
    variables,
)
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import (
    JOBS,
    PLACES,
    build_info,
    default_to_zero,
    labels,
    running,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery
from sightline.mixin.identity import IDENTITY

REQUESTS: Final = recorded.SERVICES.requests(by=())
ERROR_RATIO: Final = recorded.SERVICES.error_ratio(by=())
"""PromQL for the error ratio of all services together."""

P99: Final = recorded.SERVICES.quantile(0.99, queries.SERVER, by=())

VERSIONS: Final = f"count by ({labels(IDENTITY)}, service_version) ({build_info(JOBS)})"


NOW: Final = Row(
    title="Now",
    lines=(
        (
            service_curves.SERVICES_DOWN,
            Stat(
                title="Firing alerts",
                description="Number of firing critical and warning alerts. Anything but 0 needs a "
                "person. The list below names each alert; every alert has a runbook.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=default_to_zero(colors.firing_count(PLACES))),),
                scale=thresholds.ONE_IS_BAD,
            ),
            Stat(
                title="All requests",
                description="Completed requests per second, added up over all services: a request "
                "that passes through three services counts three times. A sudden drop to zero is "
                "an outage that no error ratio shows, because no request completes.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(InstantQuery(expr=REQUESTS),),
                no_value="no traffic",
            ),
            Stat(
                title="Errors",
                description="Share of all requests with a 5xx response. If it is red, the chart of "
                "errors below shows which service failed first.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(InstantQuery(expr=ERROR_RATIO),),
                scale=thresholds.ERROR_RATIO,
                no_value="no traffic",
            ),
        ),
        (
            Stat(
                title="Duration, p99",
                description="Duration that 1 % of all requests exceed, over all services. If it is "
                "red, the chart of p99 below shows which service is slow.",
                unit=Unit.SECONDS,
                queries=(InstantQuery(expr=P99),),
                scale=thresholds.DURATION_P99,
                no_value="no traffic",
            ),
            objectives.lowest_budget(
                JOBS,
                title="Lowest budget",
                description="Smallest remaining error budget of all objectives. Red means that at "
                "least one budget is exhausted. Click to open the SLO dashboard.",
                link=links.OBJECTIVES,
            ),
            alerting.ALIVE,
            Stat(
                title="Spans lost",
                description="Share of the spans exported in the selected time range that did not "
                "reach storage. Red means that traces are incomplete. The Telemetry dashboard "
                "shows the stage that loses spans.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(
                    InstantQuery(expr=span_loss.loss_ratio("otelcol_exporter_sent_spans_total")),
                ),
                scale=thresholds.SPANS_LOST,
                no_value="too few spans",
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
                height=9,
                description="One row per service. A red row is a service without a running "
                "instance; it comes first and has no values, because nothing measures it. A red or "
                "orange value is above the threshold of an alert or near it. Click the service to "
                "open its dashboard.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="job", title="Service", link=links.CLICKED_SERVICE, width=135),
                    Key(label="service_version", title="Version", expr=VERSIONS, width=80),
                ),
                columns=(
                    Column(
                        title="Up",
                        expr=service_curves.UP,
                        unit=Unit.COUNT,
                        scale=thresholds.DOWN_ROW,
                        fills_row=True,
                    ),
                    Column(
                        title="Requests",
                        expr=service_curves.REQUESTS,
                        unit=Unit.REQUESTS_PER_SECOND,
                        decimals=2,
                        width=105,
                    ),
                    Column(
                        title="Errors",
                        expr=service_curves.ERROR_RATIO,
                        unit=Unit.RATIO,
                        decimals=2,
                        scale=thresholds.ERROR_RATIO,
                    ),
                    Column(
                        title="p99",
                        expr=service_curves.DURATION_P99,
                        unit=Unit.SECONDS,
                        decimals=1,
                        scale=thresholds.DURATION_P99,
                    ),
                    Column(
                        title="In flight",
                        expr=queries.in_flight(by=IDENTITY, where=JOBS.where),
                        unit=Unit.COUNT,
                    ),
                    Column(
                        title="Budget left",
                        expr=objectives.budget_left(JOBS, by=IDENTITY),
                        unit=Unit.RATIO,
                        decimals=0,
                        scale=thresholds.BUDGET_LEFT,
                        mappings=objectives.UNKNOWN,
                    ),
                    Column(
                        title="Burn rate",
                        expr=running(JOBS.max(objectives.BURN_RATE)),
                        unit=Unit.FACTOR,
                        decimals=1,
                        scale=thresholds.BURN_RATE,
                    ),
                ),
                sort_by="Up",
                ascending=True,
            ),
        ),
        service_curves.CURVES,
    ),
)

ALERTS: Final = Row(
    title="Alerts and service map",
    lines=(
        (alerting.FIRING_TABLE,),
        (alerting.over_time(PLACES),),
        (trace_panels.SERVICE_MAP,),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.FLEET,
    variables=(
        variables.PROMETHEUS,
        variables.JAEGER,
        *variables.PLACES,
        variables.JOBS,
        *variables.COUNTED_SERVICES,
    ),
    rows=(NOW, SERVICES, ALERTS),
)
