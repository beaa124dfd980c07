"""Remote procedure calls, where services speak gRPC."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import limits
from sightline.mixin.dashboards.selection import PROCESSES
from sightline.mixin.grafana.board import Row
from sightline.mixin.grafana.charts import TimeSeries
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.vocabulary import Unit

SERVED: Final = "rpc_server_call_duration_seconds"
METHOD: Final = ("job", "rpc_method")

_CALLS: Final = PROCESSES.rate(f"{SERVED}_count", by=METHOD)
_FAILED: Final = PROCESSES.rate(f"{SERVED}_count", by=METHOD, where='error_type!=""')
_LEGEND: Final = "{{job}} {{rpc_method}}"

RPC: Final = Row(
    title="Remote procedure calls",
    folded=True,
    lines=(
        (
            TimeSeries(
                title="Procedures called",
                description="Calls that each procedure answers. "
                "A cliff means that callers stopped or nothing is answered.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=_CALLS, legend=_LEGEND),),
                when_empty="no calls",
            ),
            TimeSeries(
                title="Procedures that failed",
                description="Share of calls that ended in an error. "
                "Above the red line: which procedure, and since which deploy?",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=queries.share(queries.or_zero(_FAILED, _CALLS), _CALLS),
                        legend=_LEGEND,
                    ),
                ),
                reaches=0.1,
                scale=limits.CALL_FAILURES,
                when_empty="no calls",
            ),
            TimeSeries(
                title="Duration of procedures, p95",
                description="19 of 20 calls are faster. "
                "One procedure that slows down alone is its own query; all together, the process.",
                unit=Unit.SECONDS,
                queries=(Query(expr=PROCESSES.quantile(0.95, SERVED, by=METHOD), legend=_LEGEND),),
                when_empty="no calls",
            ),
        ),
    ),
)
"""Closed to begin with: most services have none."""
