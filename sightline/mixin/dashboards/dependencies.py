"""Which call between services is slow or fails, and who is to blame: caller, network or callee?"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, limits, peers
from sightline.mixin.dashboards.rpc import RPC
from sightline.mixin.dashboards.selection import JOBS, PROCESSES, some
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import StateTimeline, TimeSeries
from sightline.mixin.grafana.fields import value_mappings
from sightline.mixin.grafana.graphs import ServiceMap
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.vocabulary import Color, Unit
from sightline.mixin.rules import dependencies as rules
from sightline.mixin.rules import services

EDGE: Final = "{{job}} → {{peer}}"


def _recorded(name: str) -> str:
    return JOBS.series(name)


def _quantile(quantile: str) -> str:
    durations = JOBS.also(f'quantile="{quantile}"').series(rules.DURATION)
    return peers.named(f"({some(durations)})")


CALLS: Final = peers.named(_recorded(rules.CALLS))
FAILURES: Final = peers.named(_recorded(rules.FAILURE_RATIO))
P50: Final = _quantile("0.5")
P95: Final = _quantile("0.95")
P99: Final = _quantile("0.99")


def _callee(name: str, matchers: str = "") -> str:
    series = queries.selected(name, matchers)
    return f'label_replace({series}, "peer", "$1", "job", "(.*)")'


GAP: Final = f"""
{P95.strip()}
- on (peer) group_left ()
max by (peer) ({some(_callee(services.DURATION, 'quantile="0.95"'))})
"""

BLAME: Final = f"""
{FAILURES.strip()}
- on (peer) group_left ()
max by (peer) ({_callee(services.ERROR_RATIO)})
"""

KINDS: Final = f"""
sum by (job, kind) (label_replace(
  {PROCESSES.rate(f"{queries.CLIENT}_count", by=("job", "error_type"), where=queries.CLIENT_ERROR)},
  "kind", "$1", "error_type", "(?:.*[.])?(.+)"
))
"""
"""Failed calls by status code, or by exception without its module."""

EDGES: Final = Row(
    title="Calls between services",
    lines=(
        (
            ServiceMap(
                title="Who calls whom",
                description="Calls between services, counted from traces. "
                "A missing arrow is lost context or a dead service.",
            ),
            Table(
                title="Edges",
                description="Each call as the caller sees it, retries and waiting included. "
                "Gap: what the callee does not know of, spent in network and queues.",
                keys=(
                    Key(label="job", title="Caller", link=frame.to_service("${__value.raw}")),
                    Key(label="peer", title="Callee", link=frame.to_service("${__value.raw}")),
                ),
                columns=(
                    Column(title="Calls", expr=CALLS, unit=Unit.REQUESTS_PER_SECOND, decimals=2),
                    Column(
                        title="Failed",
                        expr=FAILURES,
                        unit=Unit.RATIO,
                        decimals=2,
                        scale=limits.CALL_FAILURES,
                    ),
                    Column(title="p50", expr=P50, unit=Unit.SECONDS, decimals=1),
                    Column(
                        title="p99",
                        expr=P99,
                        unit=Unit.SECONDS,
                        decimals=1,
                        scale=limits.CALL_DURATION_P99,
                    ),
                ),
                sort_by="Calls",
                when_empty="no calls",
            ),
        ),
        (
            TimeSeries(
                title="Calls",
                description="Requests that each service sends. "
                "More calls with the same traffic are retries, or a loop that asks one by one.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=CALLS, legend=EDGE),),
                when_empty="no calls",
            ),
            TimeSeries(
                title="Failed calls",
                description="Share of calls that got no answer or a 5xx. "
                "Above the red line: is the callee red on the fleet as well?",
                unit=Unit.RATIO,
                queries=(Query(expr=FAILURES, legend=EDGE),),
                reaches=0.1,
                scale=limits.CALL_FAILURES,
                when_empty="no calls",
            ),
            TimeSeries(
                title="Duration as the caller sees it, p99",
                description="One call of a hundred takes longer. "
                "Whoever calls cannot be faster than this.",
                unit=Unit.SECONDS,
                queries=(Query(expr=P99, legend=EDGE),),
                scale=limits.CALL_DURATION_P99,
                when_empty="no calls",
            ),
        ),
    ),
)

TRUTH: Final = Row(
    title="Who is right: caller or callee?",
    lines=(
        (
            TimeSeries(
                title="Time between caller and callee, p95",
                description="The caller's p95 less the callee's own. "
                "A gap that grows is network, a full connection pool or a busy event loop.",
                unit=Unit.SECONDS,
                queries=(Query(expr=GAP, legend=EDGE),),
                minimum=None,
                when_empty="no calls",
            ),
            TimeSeries(
                title="Failures that the callee does not see",
                description="The caller's failed share less the callee's own error ratio. "
                "Above 0 calls get lost between: timeouts, refused connections, an open breaker.",
                unit=Unit.RATIO,
                queries=(Query(expr=BLAME, legend=EDGE),),
                reaches=0.1,
                minimum=None,
                when_empty="no calls",
            ),
            TimeSeries(
                title="Kinds of failure",
                description="Why calls fail: a status code, or the name of the exception. "
                "TimeoutError: the callee is slow; ConnectionError: it is gone.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=KINDS, legend="{{job}} {{kind}}"),),
                when_empty="no failure",
            ),
        ),
    ),
)

BREAKER: Final = f"""
max by (job, name) (
  2 * {PROCESSES.also('state="open"').series("circuit_breaker_state")}
  or {PROCESSES.also('state="half_open"').series("circuit_breaker_state")}
)
"""

PROTECTION: Final = Row(
    title="Protection: breakers, retries, limits",
    folded=True,
    lines=(
        (
            StateTimeline(
                title="Circuit breakers",
                description="Green lets calls through, orange tries one, red answers at once. "
                "Red for long: the dependency behind it needs mending, not the breaker.",
                unit=Unit.COUNT,
                queries=(Query(expr=BREAKER, legend="{{job}} {{name}}"),),
                mappings=tuple(
                    value_mappings(
                        {
                            "0": ("closed", Color.GOOD),
                            "1": ("half open", Color.WARNING),
                            "2": ("open", Color.BAD),
                        }
                    )
                ),
                when_empty="no breaker",
            ),
            TimeSeries(
                title="Retried calls",
                description="Share of calls that repeat an earlier one. "
                "Above a few per cent retries become the load that keeps the callee down.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=PROCESSES.rate("http_client_request_resends_total")
                        + f"\n/\n(sum by (job) ({_recorded(rules.CALLS)}) > 0)",
                        legend="{{job}}",
                    ),
                ),
                scale=limits.RETRIED,
                when_empty="no retry",
            ),
            TimeSeries(
                title="Rejected by the rate limiter",
                description="Share of decisions that said no. "
                "Steadily above 0: a limit that is too low, or a caller that is too loud.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=queries.share(
                            PROCESSES.rate(
                                "rate_limiter_requests_total",
                                by=("job", "policy"),
                                where='result="rejected"',
                            ),
                            PROCESSES.rate("rate_limiter_requests_total", by=("job", "policy")),
                        ),
                        legend="{{job}} {{policy}}",
                    ),
                ),
                scale=limits.REJECTED,
                when_empty="no limiter",
            ),
            TimeSeries(
                title="Degraded responses",
                description="Answers given without a dependency that should have taken part. "
                "They look like successes: only here it shows.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate("degraded_responses_total", by=("job", "dependency")),
                        legend="{{job}} without {{dependency}}",
                    ),
                ),
                when_empty="none",
            ),
        ),
    ),
)

POOL: Final = ("job", "instance", "db_client_connection_pool_name")

DATA: Final = Row(
    title="Databases and queues",
    folded=True,
    lines=(
        (
            TimeSeries(
                title="Database operations, p95",
                description="19 of 20 operations are faster. "
                "One collection that slows down alone has lost an index, or grown.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.quantile(
                            0.95,
                            queries.DATABASE,
                            by=("job", "db_operation_name", "db_collection_name"),
                        ),
                        legend="{{job}} {{db_operation_name}} {{db_collection_name}}",
                    ),
                ),
                when_empty="no database",
            ),
            TimeSeries(
                title="Database connections in use",
                description="Share of each pool's connections. "
                "At 100 % requests wait for one: a slow query, or a pool that is too small.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=queries.connections(PROCESSES.where),
                        legend="{{job}} {{db_client_connection_pool_name}}",
                    ),
                ),
                when_empty="no pool",
            ),
            TimeSeries(
                title="Waiting for a connection",
                description="Requests in line for a database connection. "
                "Anything that stays above 0 is time that no query's duration shows.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum("db_client_connection_pending_requests", by=POOL),
                        legend="{{job}} {{db_client_connection_pool_name}}",
                    ),
                ),
                when_empty="no pool",
            ),
        ),
        (
            TimeSeries(
                title="Messages sent and consumed",
                description="Messages of each destination, both ways. "
                "Sent above consumed for long: the consumer falls behind.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            "messaging_client_sent_messages_total",
                            by=("messaging_destination_name",),
                        ),
                        legend="{{messaging_destination_name}} sent",
                    ),
                    Query(
                        expr=PROCESSES.rate(
                            "messaging_client_consumed_messages_total",
                            by=("messaging_destination_name",),
                        ),
                        legend="{{messaging_destination_name}} consumed",
                    ),
                ),
                when_empty="no messages",
            ),
            TimeSeries(
                title="Messages that wait",
                description="Messages that no consumer has taken yet. "
                "A line that climbs without end: the consumer is dead or too slow.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum(
                            "messaging_consumer_lag", by=("job", "messaging_destination_name")
                        ),
                        legend="{{job}} {{messaging_destination_name}}",
                    ),
                ),
                when_empty="no messages",
            ),
            TimeSeries(
                title="Worker queues",
                description="Share of each worker pool's queue that is filled. "
                "Full means that work is turned away.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=PROCESSES.sum("worker_pool_queue_depth", by=("job", "pool"))
                        + "\n/\n("
                        + PROCESSES.sum("worker_pool_queue_capacity", by=("job", "pool"))
                        + " > 0)",
                        legend="{{job}} {{pool}}",
                    ),
                ),
                scale=limits.WORKER_QUEUE,
                when_empty="no pool",
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="dependencies",
    title="Dependencies",
    description="Which call between services is slow or fails, and who is to blame: "
    "caller, network or callee?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, frame.JAEGER, frame.JOBS, frame.INSTANCES),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(EDGES, TRUTH, RPC, PROTECTION, DATA),
)
