"""Row of panels about gRPC calls."""

from typing import Final

from instrumentation import conventions
from sightline.mixin import queries
from sightline.mixin.dashboards import thresholds
from sightline.mixin.dashboards.selection import PROCESSES, TOP, keep_top, mean_rate
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY

SERVED: Final = conventions.RPC_SERVER_CALL_DURATION_SECONDS
CALLED: Final = conventions.RPC_CLIENT_CALL_DURATION_SECONDS
METHOD: Final = (*IDENTITY, "rpc_method")

_CALLS: Final = PROCESSES.rate(f"{SERVED}_count", by=METHOD)
_FAILED: Final = PROCESSES.rate(f"{SERVED}_count", by=METHOD, where='error_type!=""')
_LEGEND: Final = "{{rpc_method}}"
"""The full name of a procedure contains its service."""


_CALLED: Final = PROCESSES.rate(f"{CALLED}_count", by=queries.PEER)
_FAILED_AT_CALLER: Final = PROCESSES.rate(
    f"{CALLED}_count", by=queries.PEER, where=queries.CLIENT_ERROR
)


def _top_callees(series: str) -> Query:
    """Return a query for the callees with most calls."""
    rank = mean_rate(PROCESSES.select(f"{CALLED}_count"), by=queries.PEER)
    legend = "{{job}} to {{server_address}}:{{server_port}}"
    return Query(expr=keep_top(series, rank, by=queries.PEER), legend=legend)


def _top(series: str) -> Query:
    """Return a query for the procedures with most calls."""
    rank = mean_rate(PROCESSES.select(f"{SERVED}_count"), by=METHOD)
    return Query(expr=keep_top(series, rank, by=METHOD), legend=_LEGEND)


RPC: Final = Row(
    title="Remote procedure calls",
    collapsed=True,
    lines=(
        (
            TimeSeries(
                title=f"Procedures called, {TOP}",
                description="Completed gRPC calls per second, by procedure. A sudden drop to zero "
                "means that callers stopped calling or that no call completes.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(_top(_CALLS),),
                no_value="no calls",
            ),
            TimeSeries(
                title=f"Failed procedures, {TOP}",
                description="Share of gRPC calls that ended with an error, by procedure. If a "
                "curve rises above the red line, check whether the rise began with a deploy.",
                unit=Unit.RATIO,
                queries=(_top(queries.share(queries.or_zero(_FAILED, _CALLS), _CALLS)),),
                soft_max=0.1,
                scale=thresholds.CALL_FAILURES,
                no_value="no calls",
            ),
        ),
        (
            TimeSeries(
                title=f"Procedure p95, {TOP}",
                description="Duration of gRPC calls: 95 % are faster than the curve shows. If one "
                "procedure becomes slow, examine its own work, such as a database query. If all "
                "become slow together, the process is overloaded.",
                unit=Unit.SECONDS,
                queries=(_top(PROCESSES.quantile(0.95, SERVED, by=METHOD)),),
                no_value="no calls",
            ),
        ),
        (
            TimeSeries(
                title=f"Failed gRPC calls by callee, {TOP}",
                description="Share of outgoing gRPC calls that failed for a reason of the callee, "
                "as counted by the caller. If the callee reports no errors, deadlines or the "
                "network are the cause.",
                unit=Unit.RATIO,
                queries=(
                    _top_callees(
                        queries.share(queries.or_zero(_FAILED_AT_CALLER, _CALLED), _CALLED)
                    ),
                ),
                soft_max=0.1,
                scale=thresholds.CALL_FAILURES,
                no_value="no calls",
            ),
            TimeSeries(
                title=f"Duration of gRPC calls by callee, p95, {TOP}",
                description="Duration of outgoing gRPC calls as measured by the caller: 95 % are "
                "faster than the curve shows. If it is far above the duration that the callee "
                "measures, calls wait for a connection or a busy event loop.",
                unit=Unit.SECONDS,
                queries=(_top_callees(PROCESSES.quantile(0.95, CALLED, by=queries.PEER)),),
                no_value="no calls",
            ),
        ),
    ),
)
"""Collapsed, because most services have no gRPC calls."""
