"""How does one route behave, and what did its slow or failed requests do?"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, limits, looks, red
from sightline.mixin.dashboards.selection import PROCESSES, STEP, some
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import TimeSeries
from sightline.mixin.grafana.fields import Link, falling_scale, reference_line
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.tables import TraceTable
from sightline.mixin.grafana.targets import Query, TraceSearch
from sightline.mixin.grafana.variables import Choice, LabelValues
from sightline.mixin.grafana.vocabulary import Color, Unit

ROUTE: Final = PROCESSES.also('http_route=~"$route"')

ROUTES: Final = LabelValues(
    name="route",
    label="Route",
    query='label_values(http_server_request_duration_seconds_count{job=~"$job"}, http_route)',
    all=False,
    multi=False,
    regex="/.+/",
)

BEFORE: Final = Choice(name="before", label="Compare with", values=("10m", "1h", "1d", "7d"))
"""How long ago the grey curves are."""

SATISFIED: Final = 0.25
TOLERATED: Final = 1.0
"""Apdex: seconds up to which a request satisfies, or is tolerated and counts half."""


def _within(bound: float) -> str:
    return ROUTE.rate(f"{queries.SERVER}_bucket", by=(), where=f'le="{bound}"')


APDEX: Final = f"""
({_within(SATISFIED)} + {_within(TOLERATED)}) / 2
/
({ROUTE.requests(by=())} > 0)
"""

SHARE: Final = f"{ROUTE.requests(by=())}\n/\n({PROCESSES.requests(by=())} > 0)"

EXPLORER: Final = Link(
    title="Explore slow requests",
    url=f"/d/latency-explorer?${{job:queryparam}}&${{route:queryparam}}&{frame.KEEP}",
)

NOW: Final = Row(
    title="Now",
    lines=(
        (
            Stat(
                title="Requests",
                description="Requests of this route. None: nobody asks, or nothing is answered.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=ROUTE.requests(by=())),),
                when_empty="no traffic",
            ),
            Stat(
                title="Share of the service",
                description="This route's part of the service's requests. "
                "A sudden change means that callers changed, not the service.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(Query(expr=SHARE),),
                when_empty="no traffic",
            ),
            Stat(
                title="Errors",
                description="Share of this route's requests answered 5xx. "
                "Red: see Failed traces below.",
                unit=Unit.RATIO,
                decimals=2,
                queries=(Query(expr=ROUTE.error_ratio(by=())),),
                scale=limits.ERROR_RATIO,
                when_empty="no traffic",
            ),
            Stat(
                title="Duration, p99",
                description="One request of a hundred takes longer. Red: see Slow traces below.",
                unit=Unit.SECONDS,
                queries=(Query(expr=ROUTE.quantile(0.99, queries.SERVER, by=())),),
                scale=limits.DURATION_P99,
                when_empty="no traffic",
            ),
            Stat(
                title="Apdex",
                description=f"1 when all requests take at most {SATISFIED:g} s; "
                f"those up to {TOLERATED:g} s count half. Below 0.85 people notice.",
                unit=Unit.COUNT,
                decimals=2,
                queries=(Query(expr=APDEX),),
                scale=falling_scale(warning=0.94, bad=0.85),
                when_empty="no traffic",
            ),
        ),
    ),
)

RED: Final = Row(
    title="Rate, errors, duration",
    lines=(
        (red.rate(ROUTE), red.errors(ROUTE), red.duration(ROUTE, EXPLORER)),
        (
            red.distribution(ROUTE),
            TimeSeries(
                title="Status codes",
                description="Answers by their exact code. "
                "429 is the rate limiter, 503 an open breaker, 504 a dependency that is too slow.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=ROUTE.requests(by=("http_response_status_code",)),
                        legend="{{http_response_status_code}}",
                    ),
                ),
                overrides=looks.STATUS_CODES,
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Kinds of error",
                description="What went wrong: a status code, or the name of the exception. "
                "One new name after a deploy is the deploy's.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=ROUTE.rate(
                            f"{queries.SERVER}_count", by=("error_type",), where='error_type!=""'
                        ),
                        legend="{{error_type}}",
                    ),
                ),
                when_empty="no error",
            ),
        ),
    ),
)

COMPARED: Final = Row(
    title="Compared with before, and with its siblings",
    lines=(
        (
            TimeSeries(
                title="Requests, now and before",
                description="The dashed line is the time chosen above, ago. "
                "A gap between the two that opens at a deploy is the deploy's.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(expr=ROUTE.requests(by=()), legend="now"),
                    Query(
                        expr=f"sum by () (rate({ROUTE.series(f'{queries.SERVER}_count')}"
                        f"[{STEP}] offset $before))",
                        legend="before",
                    ),
                ),
                overrides=(reference_line("before", Color.NEUTRAL),),
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Duration p95, now and before",
                description="The dashed line is the time chosen above, ago. "
                "Slower than before with the same traffic: look at what was deployed between.",
                unit=Unit.SECONDS,
                queries=(
                    Query(expr=ROUTE.quantile(0.95, queries.SERVER, by=()), legend="now"),
                    Query(
                        expr=some(
                            "histogram_quantile(0.95, sum by (le) "
                            f"(rate({ROUTE.series(f'{queries.SERVER}_bucket')}"
                            f"[{STEP}] offset $before)))"
                        ),
                        legend="before",
                    ),
                ),
                overrides=(reference_line("before", Color.NEUTRAL),),
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Duration p95 by instance",
                description="Each process that serves this route. "
                "One that is slower than its siblings is sick; all alike share a dependency.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=ROUTE.quantile(0.95, queries.SERVER, by=("instance",)),
                        legend="{{instance}}",
                    ),
                ),
                when_empty="no traffic",
            ),
        ),
        (
            TimeSeries(
                title="Requests by method",
                description="Methods that this route answers. "
                "Many retries show as a burst of one method.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=ROUTE.requests(by=("http_request_method",)),
                        legend="{{http_request_method}}",
                    ),
                ),
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Size of request bodies, p95",
                description="19 of 20 bodies are smaller. "
                "A jump explains a slower route: somebody sends more.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=ROUTE.quantile(0.95, "http_server_request_body_size_bytes", by=()),
                        legend="p95",
                    ),
                ),
                when_empty="no bodies",
            ),
            TimeSeries(
                title="Size of response bodies, p95",
                description="19 of 20 bodies are smaller. A steady climb is a list without paging.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=ROUTE.quantile(0.95, "http_server_response_body_size_bytes", by=()),
                        legend="p95",
                    ),
                ),
                when_empty="no bodies",
            ),
        ),
    ),
)

TRACES: Final = Row(
    title="Traces of this route",
    lines=(
        (
            TraceTable(
                title="Slow traces",
                description="Traces through this route that took longer than chosen above. "
                "Open one: the widest bar without children is where the time went.",
                search=TraceSearch(
                    service="$job", tags='http.route="$route"', min_duration="$min_duration"
                ),
                overrides=frame.TRACES,
            ),
            TraceTable(
                title="Failed traces",
                description="Traces through this route with an error. "
                "Open one: the deepest red span is the first to fail.",
                search=TraceSearch(service="$job", tags='error=true http.route="$route"'),
                overrides=frame.TRACES,
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="route",
    title="Route",
    description="How does one route behave, and what did its slow or failed requests do?",
    tags=frame.TAGS,
    variables=(
        frame.PROMETHEUS,
        frame.JAEGER,
        frame.JOB,
        frame.INSTANCES,
        ROUTES,
        BEFORE,
        frame.MIN_DURATION,
    ),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(NOW, RED, COMPARED, TRACES),
)
