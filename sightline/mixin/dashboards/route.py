"""Dashboard Route: requests, traces and history of one route."""

from dataclasses import replace
from typing import Final

from instrumentation import conventions
from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import colors, links, request_panels, trace_panels, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.selection import PROCESSES, RATE_INTERVAL, ROUTE, drop_nan
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import falling_scale, fixed_color, reference_line
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.grafana.variables import Choice

BEFORE: Final = Choice(name="before", label="Compare with", values=("10m", "1h", "1d", "7d"))
"""Age of the dashed curves."""

SATISFIED: Final = 0.25
TOLERATED: Final = 1.0
"""Apdex: largest durations in seconds of a satisfying and of a tolerable request."""


APDEX_EXCELLENT: Final = 0.94
APDEX_GOOD: Final = 0.85
"""Lowest scores of these ratings. Source: Apdex Technical Specification 1.1."""

APDEX: Final = f"""
({ROUTE.requests_within(SATISFIED)} + {ROUTE.requests_within(TOLERATED)}) / 2
/
({ROUTE.requests(by=())} > 0)
"""

SHARE_OF_SERVICE: Final = f"{ROUTE.requests(by=())}\n/\n({PROCESSES.requests(by=())} > 0)"

NOW: Final = Row(
    title="Now",
    lines=(
        (
            replace(request_panels.requests_stat(ROUTE), relative_width=5),
            Stat(
                title="Share",
                relative_width=5,
                description="Requests of this route as a share of all requests of the service. A "
                "sudden change means that the callers changed, not the service.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(InstantQuery(expr=SHARE_OF_SERVICE),),
                no_value="no traffic",
            ),
            replace(request_panels.errors_stat(ROUTE), relative_width=5),
            replace(request_panels.duration_stat(ROUTE), title="p99", relative_width=4),
            Stat(
                title="Apdex",
                relative_width=5,
                description="Score of user satisfaction: 1 if every request takes at most "
                f"{SATISFIED:g} s. A request of up to {TOLERATED:g} s counts half, a slower one "
                f"counts nothing. Below {APDEX_GOOD:g} users notice that the route is slow.",
                unit=Unit.COUNT,
                decimals=2,
                queries=(InstantQuery(expr=APDEX),),
                scale=falling_scale(warning=APDEX_EXCELLENT, bad=APDEX_GOOD),
                no_value="no traffic",
            ),
        ),
    ),
)

RATE_ERRORS_DURATION: Final = Row(
    title="Rate, errors, duration",
    lines=(
        (
            request_panels.request_rate(ROUTE),
            request_panels.error_ratio(ROUTE),
            request_panels.duration_quantiles(ROUTE, links.SLOW_REQUESTS_OF_ROUTE),
        ),
        (
            request_panels.duration_heatmap(ROUTE),
            TimeSeries(
                title="Status codes",
                description="Responses per second, by status code. 429 comes from the rate "
                "limiter, 503 from an open circuit breaker, 504 from a dependency that is too "
                "slow. A code that is new since a deploy points to the deploy.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=ROUTE.requests(by=("http_response_status_code",)),
                        legend="{{http_response_status_code}}",
                    ),
                ),
                overrides=colors.STATUS_CODES,
                no_value="no traffic",
            ),
            TimeSeries(
                title="Errors by type",
                description="Failed requests per second, by error type: the status code, or "
                "the exception if the service reports it. If a type appears for the first time "
                "after a deploy, the deploy is the likely cause.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=ROUTE.rate(
                            f"{queries.SERVER}_count",
                            by=("error_type",),
                            where=f'error_type!~"{queries.NO_FAILURE}"',
                        ),
                        legend="{{error_type}}",
                    ),
                ),
                no_value="no error",
            ),
        ),
    ),
)

NOW_AND_BEFORE: Final = (
    fixed_color("now", Color.P95),
    reference_line("before", Color.NEUTRAL),
)

COMPARISON: Final = Row(
    title="Comparison with earlier and between instances",
    lines=(
        (
            TimeSeries(
                title="Requests, now and before",
                description="Completed requests per second. The dashed curve shows the rate at the "
                "earlier time selected above. If the curves diverge at the time of a deploy, the "
                "deploy is the likely cause.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(expr=ROUTE.requests(by=()), legend="now"),
                    Query(
                        expr=f"sum by () (rate({ROUTE.select(f'{queries.SERVER}_count')}"
                        f"[{RATE_INTERVAL}] offset $before))",
                        legend="before",
                    ),
                ),
                overrides=NOW_AND_BEFORE,
                no_value="no traffic",
            ),
            TimeSeries(
                title="p95, now and before",
                description="Duration that 5 % of requests exceed. The dashed curve shows the "
                "duration at the earlier time selected above. If requests are slower with the "
                "same traffic, check what was deployed in between.",
                unit=Unit.SECONDS,
                queries=(
                    Query(expr=ROUTE.quantile(0.95, queries.SERVER, by=()), legend="now"),
                    Query(
                        expr=drop_nan(
                            "histogram_quantile(0.95, sum by (le) "
                            f"(rate({ROUTE.select(f'{queries.SERVER}_bucket')}"
                            f"[{RATE_INTERVAL}] offset $before)))"
                        ),
                        legend="before",
                    ),
                ),
                overrides=NOW_AND_BEFORE,
                no_value="no traffic",
            ),
            TimeSeries(
                title="p95 by instance",
                description="Duration that 5 % of requests exceed, by instance. If one instance is "
                "slower than the others, its process or host is the problem. If all are slow, "
                "they share a slow dependency.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=ROUTE.quantile(0.95, queries.SERVER, by=("instance",)),
                        legend="{{instance}}",
                    ),
                ),
                no_value="no traffic",
            ),
        ),
        (
            TimeSeries(
                title="Requests by method",
                description="Completed requests per second, by HTTP method. A burst of a single "
                "method usually means that callers retry.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=ROUTE.requests(by=("http_request_method",)),
                        legend="{{http_request_method}}",
                    ),
                ),
                no_value="no traffic",
            ),
            TimeSeries(
                title="Request bodies, p95",
                description="Size that 5 % of request bodies exceed. A sudden rise explains a "
                "slower route: callers send more data.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=ROUTE.quantile(
                            0.95, conventions.HTTP_SERVER_REQUEST_BODY_SIZE_BYTES, by=()
                        ),
                        legend="p95",
                    ),
                ),
                no_value="no bodies",
            ),
            TimeSeries(
                title="Response bodies, p95",
                description="Size that 5 % of response bodies exceed. A steady rise usually means "
                "that the route returns a growing list without pagination.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=ROUTE.quantile(
                            0.95, conventions.HTTP_SERVER_RESPONSE_BODY_SIZE_BYTES, by=()
                        ),
                        legend="p95",
                    ),
                ),
                no_value="no bodies",
            ),
        ),
    ),
)

TRACES: Final = Row(
    title="Traces of this route",
    lines=(
        (
            trace_panels.slow_traces("route", tags='http.route="$route"'),
            trace_panels.failed_traces("route", tags='http.route="$route"'),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.ROUTE,
    variables=(
        variables.PROMETHEUS,
        variables.JAEGER,
        *variables.PLACES,
        variables.JOB,
        variables.INSTANCES,
        variables.ROUTE,
        BEFORE,
        variables.MIN_DURATION,
    ),
    rows=(NOW, RATE_ERRORS_DURATION, COMPARISON, TRACES),
)
