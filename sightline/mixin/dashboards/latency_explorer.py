"""Dashboard Latency explorer: from the distribution of durations to a single trace."""

from dataclasses import replace
from typing import Final

from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import colors, links, request_panels, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.recorded import ROUTES
from sightline.mixin.dashboards.selection import JOBS
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import fixed_color
from sightline.mixin.grafana.schema import SEQUENCE, Unit
from sightline.mixin.grafana.tables import TraceTable
from sightline.mixin.grafana.targets import Query, TraceById, TraceSearch
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.grafana.trace_panels import Waterfall
from sightline.mixin.grafana.variables import TextBox

ANY_ROUTE: Final = replace(variables.ROUTE, all=True)

ROUTE: Final = ROUTES.narrow('http_route=~"$route"')

ATTRIBUTES: Final = TextBox(name="tags", label="Tags")
"""Span attributes in logfmt, for example `error=true`."""

BOUNDS: Final = (0.1, 0.25, 0.5, 1.0)
"""Durations in seconds above which a request counts as slow. Each is a bucket bound."""


def _slower(bound: float) -> str:
    return f"1 - {ROUTE.requests_within(bound)}\n/\n({ROUTE.requests(by=())} > 0)"


def _above(bound: float) -> str:
    return f"> {bound:g} s"


SEARCH: Final = Row(
    title="Find a slow request",
    lines=(
        (
            request_panels.duration_heatmap(ROUTE),
            TraceTable(
                title="Traces",
                description="Traces that match the values above, newest first. A tag such as "
                "error=true limits the list to failed traces. Click a trace id to open the "
                "trace.",
                search=TraceSearch(service="$job", tags="$tags", min_duration="$min_duration"),
                overrides=links.TRACE_COLUMNS,
            ),
        ),
        (
            request_panels.duration_quantiles(ROUTE),
            TimeSeries(
                title="Share of slow requests",
                description="Share of requests that took longer than each duration. Curves that "
                "coincide mean that every slow request exceeds the longest of these durations, "
                "which is typical of a timeout.",
                unit=Unit.RATIO,
                queries=tuple(Query(expr=_slower(bound), legend=_above(bound)) for bound in BOUNDS),
                overrides=tuple(
                    fixed_color(_above(bound), color)
                    for bound, color in zip(BOUNDS, reversed(SEQUENCE), strict=False)
                ),
                no_value="no traffic",
            ),
            TimeSeries(
                title="p95 by status code",
                description="Duration that 5 % of requests exceed, by status code. Errors that are "
                "slower than successes are timeouts. Errors that are faster are rejections.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=JOBS.narrow('http_route=~"$route"').quantile(
                            0.95, queries.SERVER, by=("http_response_status_code",)
                        ),
                        legend="{{http_response_status_code}}",
                    ),
                ),
                overrides=colors.STATUS_CODES,
                no_value="no traffic",
            ),
        ),
    ),
)

TRACE: Final = Row(
    title=dashboard_list.TRACE_ROW,
    collapsed=True,
    lines=(
        (
            Waterfall(
                title=dashboard_list.TRACE_PANEL,
                description="Spans of the trace with the id above, which a click on a trace sets. "
                "The time went into the widest bar without children.",
                trace=TraceById(trace_id="$trace_id"),
            ),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.LATENCY_EXPLORER,
    variables=(
        variables.PROMETHEUS,
        variables.JAEGER,
        *variables.PLACES,
        variables.JOB,
        ANY_ROUTE,
        variables.MIN_DURATION,
        ATTRIBUTES,
        variables.TRACE_ID,
    ),
    rows=(SEARCH, TRACE),
)
