"""Where did the time of the slow requests go? From the distribution to one trace."""

from dataclasses import replace
from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, looks, red
from sightline.mixin.dashboards.route import ROUTES
from sightline.mixin.dashboards.selection import PROCESSES
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import TimeSeries
from sightline.mixin.grafana.graphs import Waterfall
from sightline.mixin.grafana.tables import TraceTable
from sightline.mixin.grafana.targets import Query, TraceById, TraceSearch
from sightline.mixin.grafana.variables import TextBox
from sightline.mixin.grafana.vocabulary import Unit

ROUTE: Final = PROCESSES.also('http_route=~"$route"')

ANY_ROUTE: Final = replace(ROUTES, all=True)

ATTRIBUTES: Final = TextBox(name="tags", label="Tags")
"""What the traces carry, in logfmt: `error=true` for those that failed."""

BOUNDS: Final = (0.1, 0.25, 0.5, 1.0)
"""Bucket bounds in seconds above which a request counts as slow."""


def _slower(bound: float) -> str:
    within = ROUTE.rate(f"{queries.SERVER}_bucket", by=(), where=f'le="{bound}"')
    return f"1 - {within}\n/\n({ROUTE.requests(by=())} > 0)"


FIND: Final = Row(
    title="Find a slow request",
    lines=(
        (
            red.distribution(ROUTE),
            TraceTable(
                title="Traces",
                description="Traces that match the choices above, newest first. "
                "Tags like error=true narrow them. Click an id: it opens below.",
                search=TraceSearch(service="$job", tags="$tags", min_duration="$min_duration"),
                overrides=frame.TRACES,
            ),
        ),
        (
            red.duration(ROUTE),
            TimeSeries(
                title="Share of slow requests",
                description="Requests that took longer than each bound. "
                "A bound whose share jumps tells how slow the slow ones are: a timeout has one.",
                unit=Unit.RATIO,
                queries=tuple(
                    Query(expr=_slower(bound), legend=f"> {bound:g} s") for bound in BOUNDS
                ),
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Duration by kind of answer, p95",
                description="Answers by status code. "
                "Errors that are slower than successes are timeouts, faster ones are rejections.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=ROUTE.quantile(
                            0.95, queries.SERVER, by=("http_response_status_code",)
                        ),
                        legend="{{http_response_status_code}}",
                    ),
                ),
                overrides=looks.STATUS_CODES,
                when_empty="no traffic",
            ),
        ),
    ),
)

READ: Final = Row(
    title="Read its trace",
    lines=(
        (
            Waterfall(
                title="Trace $trace_id",
                description="The spans of the trace chosen above; nothing until one is chosen. "
                "The widest bar without children under it is where the time went.",
                trace=TraceById(trace_id="$trace_id"),
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="latency-explorer",
    title="Latency explorer",
    description="Where did the time of the slow requests go? From the distribution to one trace.",
    tags=frame.TAGS,
    variables=(
        frame.PROMETHEUS,
        frame.JAEGER,
        frame.JOB,
        frame.INSTANCES,
        ANY_ROUTE,
        frame.MIN_DURATION,
        ATTRIBUTES,
        frame.TRACE_ID,
    ),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(FIND, READ),
)
