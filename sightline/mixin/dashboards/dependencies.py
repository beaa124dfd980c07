"""Dashboard Dependencies: calls between services, protection, databases and queues."""

from typing import Final

from instrumentation import conventions, service_metrics
from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import callees, colors, links, thresholds, trace_panels, variables
from sightline.mixin.dashboards.authentication import AUTHENTICATION
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.outbox import OUTBOX
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.protection import PROTECTION
from sightline.mixin.dashboards.registry import REGISTRY
from sightline.mixin.dashboards.rpc import RPC
from sightline.mixin.dashboards.selection import (
    INSTANCE,
    JOBS,
    PROCESSES,
    Selection,
    drop_nan,
    keep_top,
    labels,
    peak,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import Override
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import dependencies as rules
from sightline.mixin.rules import operations, services

EDGE_LEGEND: Final = "{{job}} → {{peer}}"


def _quantile(quantile: str) -> str:
    durations = JOBS.narrow(f'quantile="{quantile}"').select(rules.DURATION)
    return callees.name_callees(f"({drop_nan(durations)})", aggregation="max")


def _top(edges: str, ranked: str) -> tuple[Query, ...]:
    """Return a query for the edges of the callers with the highest peaks of *ranked*."""
    return (Query(expr=keep_top(edges, peak(ranked)), legend=EDGE_LEGEND),)


CALLS: Final = callees.name_callees(JOBS.select(rules.CALLS))
FAILURES: Final = callees.failure_ratio(JOBS.select(rules.FAILED_CALLS), JOBS.select(rules.CALLS))
P50: Final = _quantile("0.5")
P95: Final = _quantile("0.95")
P99: Final = _quantile("0.99")


def _callee(http: str, rpc: str, matchers: str = "") -> str:
    """Return PromQL for the larger value of a callee that serves HTTP and gRPC."""
    selection = Selection(where='cluster=~"$cluster|"').narrow(matchers)
    served = f'label_replace({selection.select(rpc)}, "rpc_system_name", "grpc", "", "")'
    named = f'label_replace({selection.select(http)} or {served}, "peer", "$1", "job", "(.*)")'
    return f"max by (cluster, peer) ({drop_nan(f'({named})')})"


CALLEE_P95: Final = _callee(services.DURATION, operations.RPC.duration, 'quantile="0.95"')
"""PromQL for the durations that callees measure themselves."""

UNREPORTED_FAILURES: Final = f"""
clamp_min(
{FAILURES.strip()}
- on (cluster, peer) group_left ()
{_callee(services.ERROR_RATIO, operations.RPC.error_ratio)},
0)
"""

CALLEE_CURVES: Final = Override(
    matcher="byRegexp",
    pattern="/ itself$/",
    properties={"custom.lineStyle": {"fill": "dash", "dash": [8, 6]}, "custom.fillOpacity": 0},
)

_FAILURES_BY_TYPE: Final = PROCESSES.query(
    queries.failed_calls, by=(*IDENTITY, "rpc_system_name", "error_type")
)

FAILURES_BY_TYPE: Final = f"""
sum by ({labels(IDENTITY)}, kind) (label_replace(
  {_FAILURES_BY_TYPE},
  "kind", "$1", "error_type", "(?:.*[.])?(.+)"
))
"""
"""PromQL for failed calls by status code, or by exception type without its module."""

EDGES: Final = Row(
    title="Calls between services",
    lines=(
        (
            Table(
                title="Edges",
                description="Calls over HTTP and gRPC between each caller and callee, as measured "
                "by the caller, with retries and waiting time. A red value is above the threshold "
                "of an alert. Click a service to open its dashboard.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="job", title="Caller", link=links.CLICKED_SERVICE),
                    Key(label="peer", title="Callee", link=links.CLICKED_CALLEE),
                ),
                columns=(
                    Column(title="Calls", expr=CALLS, unit=Unit.REQUESTS_PER_SECOND, decimals=2),
                    Column(
                        title="Failed",
                        expr=FAILURES,
                        unit=Unit.RATIO,
                        decimals=2,
                        scale=thresholds.CALL_FAILURES,
                    ),
                    Column(title="p50", expr=P50, unit=Unit.SECONDS, decimals=1),
                    Column(
                        title="p99",
                        expr=P99,
                        unit=Unit.SECONDS,
                        decimals=1,
                        scale=thresholds.CALL_DURATION_P99,
                    ),
                ),
                sort_by="Calls",
                no_value="no calls",
            ),
        ),
        (trace_panels.SERVICE_MAP,),
        (
            TimeSeries(
                title="Calls",
                description="Outgoing calls per second of the ten callers with most calls, by "
                "callee. If calls increase while the traffic does not, the caller retries or "
                "sends one call per item in a loop.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=_top(CALLS, JOBS.select(rules.CALLS)),
                overrides=colors.NAMES,
                no_value="no calls",
            ),
            TimeSeries(
                title="Failed calls",
                description="Share of outgoing calls over HTTP and gRPC that failed for a reason "
                "of the callee, of the ten callers with most failures. If a curve is above the red "
                "line, check whether the callee reports errors as well. If it does not, the "
                "network or a timeout is the cause.",
                unit=Unit.RATIO,
                queries=_top(FAILURES, JOBS.select(rules.FAILED_CALLS)),
                overrides=colors.NAMES,
                soft_max=0.1,
                scale=thresholds.CALL_FAILURES,
                no_value="no calls",
            ),
        ),
        (
            TimeSeries(
                title="Call duration measured by the caller, p99",
                description="Duration that 1 % of outgoing calls exceed, as measured by the ten "
                "slowest callers. A request that waits for such a call takes at least as long.",
                unit=Unit.SECONDS,
                queries=_top(P99, JOBS.narrow('quantile="0.99"').select(rules.DURATION)),
                overrides=colors.NAMES,
                scale=thresholds.CALL_DURATION_P99,
                no_value="no calls",
            ),
            TimeSeries(
                title="Failed calls by type",
                description="Failed calls per second, by status code or exception type. "
                "TimeoutError and DEADLINE_EXCEEDED mean that the callee is too slow, "
                "ConnectionError and UNAVAILABLE that it is unreachable.",
                unit=Unit.REQUESTS_PER_SECOND,
                queries=(Query(expr=FAILURES_BY_TYPE, legend="{{job}} {{kind}}"),),
                no_value="no failure",
            ),
        ),
    ),
)

COMPARISON: Final = Row(
    title="Caller and callee compared",
    lines=(
        (
            TimeSeries(
                title="Duration at caller and callee, p95",
                description="Duration that 5 % of calls exceed, as measured by each caller, and as "
                "measured by each callee itself (dashed, all its requests, the slower ones of HTTP "
                "and gRPC). If a caller measures far more than its callee, calls wait in the "
                "network, for a connection of the pool, or for a busy event loop.",
                unit=Unit.SECONDS,
                queries=(
                    *_top(P95, JOBS.select(rules.CALLS)),
                    Query(
                        expr=f"{CALLEE_P95}\nand on (cluster, peer)\n({P95.strip()})",
                        legend="{{peer}} itself",
                    ),
                ),
                overrides=(*colors.NAMES, CALLEE_CURVES),
                no_value="no calls",
            ),
            TimeSeries(
                title="Failures that the callee does not report",
                description="Share of failed calls at the caller in excess of the error ratio of "
                "the callee. Above 0, calls fail before they reach the callee or before the "
                "response returns: timeouts, refused connections or an open circuit breaker.",
                unit=Unit.RATIO,
                queries=_top(UNREPORTED_FAILURES, JOBS.select(rules.FAILED_CALLS)),
                overrides=colors.NAMES,
                soft_max=0.1,
                no_value="no calls",
            ),
        ),
    ),
)

POOL_LABELS: Final = (*INSTANCE, "db_client_connection_pool_name")

POOL_USE: Final = queries.share(
    PROCESSES.narrow('db_client_connection_state="used"').sum(
        conventions.DB_CLIENT_CONNECTION_COUNT, by=POOL_LABELS
    ),
    PROCESSES.sum(conventions.DB_CLIENT_CONNECTION_MAX, by=POOL_LABELS),
)

DATABASES_AND_QUEUES: Final = Row(
    title="Databases and queues",
    collapsed=True,
    lines=(
        (
            TimeSeries(
                title="Database operations, p95",
                description="Duration that 5 % of database operations exceed, by operation and "
                "collection. If a single collection becomes slow, it lacks an index or has grown.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.quantile(
                            0.95,
                            queries.DATABASE,
                            by=(*IDENTITY, "db_operation_name", "db_collection_name"),
                        ),
                        legend="{{job}} {{db_operation_name}} {{db_collection_name}}",
                    ),
                ),
                no_value="no database",
            ),
            TimeSeries(
                title="Database connections in use",
                description="Connections in use as a share of each pool's maximum. At 100 % "
                "requests wait for a connection, because queries are slow or the pool is too "
                "small.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=POOL_USE,
                        legend="{{job}} {{db_client_connection_pool_name}}",
                    ),
                ),
                no_value="no pool",
            ),
        ),
        (
            TimeSeries(
                title="Waiting for a connection",
                description="Requests that wait for a database connection. If a curve stays above "
                "0, requests lose time that the duration of the queries does not contain.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum(
                            conventions.DB_CLIENT_CONNECTION_PENDING_REQUESTS, by=POOL_LABELS
                        ),
                        legend="{{job}} {{db_client_connection_pool_name}}",
                    ),
                ),
                no_value="no pool",
            ),
            TimeSeries(
                title="Messages sent and consumed",
                description="Messages per second sent to and consumed from each destination. If "
                "more messages are sent than consumed for long, the consumer falls behind.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            f"{conventions.MESSAGING_CLIENT_SENT_MESSAGES}_total",
                            by=("messaging_destination_name",),
                        ),
                        legend="{{messaging_destination_name}} sent",
                    ),
                    Query(
                        expr=PROCESSES.rate(
                            f"{conventions.MESSAGING_CLIENT_CONSUMED_MESSAGES}_total",
                            by=("messaging_destination_name",),
                        ),
                        legend="{{messaging_destination_name}} consumed",
                    ),
                ),
                no_value="no messages",
            ),
        ),
        (
            TimeSeries(
                title="Messages waiting",
                description="Messages of each destination that are not consumed yet. If a curve "
                "rises steadily, the consumer is down or too slow.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum(
                            service_metrics.MESSAGING_CONSUMER_LAG,
                            by=(*IDENTITY, "messaging_destination_name"),
                        ),
                        legend="{{job}} {{messaging_destination_name}}",
                    ),
                ),
                no_value="no messages",
            ),
            TimeSeries(
                title="Worker queues",
                description="Tasks waiting in each worker pool as a share of the queue's capacity. "
                "At 100 % the pool rejects further tasks.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=PROCESSES.sum(
                            service_metrics.WORKER_POOL_QUEUE_DEPTH, by=(*IDENTITY, "pool")
                        )
                        + "\n/\n("
                        + PROCESSES.sum(
                            service_metrics.WORKER_POOL_QUEUE_CAPACITY, by=(*IDENTITY, "pool")
                        )
                        + " > 0)",
                        legend="{{job}} {{pool}}",
                    ),
                ),
                scale=thresholds.WORKER_QUEUE,
                no_value="no pool",
            ),
        ),
        (
            TimeSeries(
                title="Waiting for a worker, p95",
                description="Time that 5 % of tasks wait in the queue of a pool before a worker "
                "takes them. If it rises, tasks became slower or more frequent, or the pool has "
                "too few workers.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.quantile(
                            0.95,
                            service_metrics.WORKER_POOL_QUEUE_WAIT_TIME_SECONDS,
                            by=(*IDENTITY, "pool"),
                        ),
                        legend="{{job}} {{pool}}",
                    ),
                ),
                no_value="no task",
            ),
            TimeSeries(
                title="Tasks rejected by a full queue",
                description="Tasks per second for which the queue of a pool has no place. Above "
                "0, callers get errors: make the tasks faster or add workers.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            f"{service_metrics.WORKER_POOL_REJECTED_ITEMS}_total",
                            by=(*IDENTITY, "pool"),
                        ),
                        legend="{{job}} {{pool}}",
                    ),
                ),
                no_value="no pool",
            ),
        ),
        OUTBOX,
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.DEPENDENCIES,
    variables=(
        variables.PROMETHEUS,
        variables.JAEGER,
        *variables.PLACES,
        variables.JOBS,
        variables.INSTANCES,
    ),
    rows=(EDGES, COMPARISON, RPC, PROTECTION, AUTHENTICATION, DATABASES_AND_QUEUES, REGISTRY),
)
