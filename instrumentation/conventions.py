"""Names of metrics, labels and attributes, and histogram buckets.

Pure data, standard library only, so that rules, dashboards, services and tests import the same
names. Spelling follows the OpenTelemetry semantic conventions, with dots written as underscores and
the unit and ``_total`` appended as Prometheus requires.

Source: open-telemetry/semantic-conventions v1.44, docs/{http,rpc,messaging,database,otel,runtime}.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

MetricType = Literal["counter", "gauge", "histogram", "info"]
Emitter = Literal["instrumentation", "services"]

DURATION_BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5),
    *(0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
"""Upper bounds in seconds. Source: semantic conventions, ``http.server.request.duration``."""

SHORT_DURATION_BUCKETS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5),
)
"""Upper bounds in seconds for durations below those of a request: loop delays, pauses, waits."""

SIZE_BUCKETS: Final = (0.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 8388608.0)
"""Upper bounds in bytes, factors of four; the last is a large upload."""

METHOD: Final = "http_request_method"
ROUTE: Final = "http_route"
STATUS_CODE: Final = "http_response_status_code"
ERROR_TYPE: Final = "error_type"
SERVER_ADDRESS: Final = "server_address"
SERVER_PORT: Final = "server_port"

KNOWN_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
"""Source: semantic conventions, ``http.request.method``: RFC 9110, RFC 5789 and QUERY."""

OTHER_METHOD: Final = "_OTHER"
"""Label value of all other methods. Source: semantic conventions, ``http.request.method``."""

UNMATCHED_ROUTE: Final = ""
"""Label value without a matching route: empty, which Prometheus treats as absent."""

OVERFLOW: Final = "__overflow__"
"""Value of every label once a metric has reached its limit of label sets."""

SCOPE: Final = "instrumentation"
"""Instrumentation scope of all spans that the library creates."""

TRACE_ID: Final = "trace_id"
"""Exemplar label and log field: 32 hex digits."""
SPAN_ID: Final = "span_id"
"""Exemplar label and log field: 16 hex digits."""


class Metric(NamedTuple):
    """Metric family, as it is exported to Prometheus."""

    name: str
    """Family name; without ``_total`` for a counter."""
    type: MetricType
    unit: str
    """UCUM: ``s``, ``By``, ``1``, or an annotation like ``{request}``."""
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, without ``+Inf``."""
    emitter: Emitter = "instrumentation"
    """``instrumentation`` if the library emits the metric, ``services`` if services do."""
    precreated: bool = False
    """True if series exist at 0 before the first event, so that ``increase()`` includes it."""

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the samples that Prometheus stores."""
        match self.type:
            case "counter":
                return (f"{self.name}_total",)
            case "histogram":
                return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")
            case "info":
                return (f"{self.name}_info",)
            case "gauge":
                return (self.name,)


_HTTP_SERVER = (METHOD, ROUTE, STATUS_CODE)
_PEER = (SERVER_ADDRESS, SERVER_PORT)
_RPC = ("rpc_system_name", "rpc_method", "rpc_response_status_code", ERROR_TYPE)
_MESSAGE = ("messaging_system", "messaging_operation_name", "messaging_destination_name")
_POOL = ("db_client_connection_pool_name",)
_COMPONENT = ("otel_component_name", "otel_component_type")


def _counter(name: str, unit: str, text: str, *labels: str, **more: Any) -> Metric:
    return Metric(name=name, type="counter", unit=unit, help=text, labels=labels, **more)


def _gauge(name: str, unit: str, text: str, *labels: str, **more: Any) -> Metric:
    return Metric(name=name, type="gauge", unit=unit, help=text, labels=labels, **more)


def _duration(name: str, text: str, *labels: str, **more: Any) -> Metric:
    options = {"buckets": DURATION_BUCKETS, **more}
    return Metric(name=name, type="histogram", unit="s", help=text, labels=labels, **options)


def _size(name: str, text: str, *labels: str) -> Metric:
    return Metric(
        name=name, type="histogram", unit="By", help=text, labels=labels, buckets=SIZE_BUCKETS
    )


# The formatter would spread each metric over eight lines.
# fmt: off
_HTTP = (
    _duration("http_server_request_duration_seconds",
        "Duration of HTTP server requests.", *_HTTP_SERVER, ERROR_TYPE, precreated=True),
    _gauge("http_server_active_requests", "{request}",
        "Number of HTTP server requests in flight.", METHOD, precreated=True),
    _size("http_server_request_body_size_bytes",
        "Size of HTTP server request bodies.", *_HTTP_SERVER),
    _size("http_server_response_body_size_bytes",
        "Size of HTTP server response bodies.", *_HTTP_SERVER),
    _duration("http_client_request_duration_seconds",
        "Duration of HTTP client requests.", METHOD, *_PEER, STATUS_CODE, ERROR_TYPE),
    _counter("http_client_request_resends", "{request}",
        "HTTP client requests that repeat an earlier one.", METHOD, *_PEER, emitter="services"),
)

_RPC_CALLS = (
    _duration("rpc_server_call_duration_seconds",
        "Duration of RPC server calls.", *_RPC),
    _duration("rpc_client_call_duration_seconds",
        "Duration of RPC client calls.", *_RPC, *_PEER),
)

_MESSAGING = (
    _counter("messaging_client_sent_messages", "{message}",
        "Messages sent to the broker.", *_MESSAGE, ERROR_TYPE),
    _counter("messaging_client_consumed_messages", "{message}",
        "Messages delivered to this process.", *_MESSAGE, ERROR_TYPE),
    _duration("messaging_client_operation_duration_seconds",
        "Duration of messaging operations.", *_MESSAGE, ERROR_TYPE),
    _duration("messaging_process_duration_seconds",
        "Duration of processing a message.", *_MESSAGE, ERROR_TYPE),
    _gauge("messaging_consumer_lag", "{message}",
        "Messages waiting for the consumer group.",
        "messaging_system", "messaging_destination_name", emitter="services"),
)

_DATABASE = (
    _duration("db_client_operation_duration_seconds",
        "Duration of database client operations.",
        "db_system_name", "db_operation_name", "db_collection_name", ERROR_TYPE),
    _gauge("db_client_connection_count", "{connection}",
        "Connections by state: idle or used.",
        *_POOL, "db_client_connection_state", precreated=True),
    _gauge("db_client_connection_max", "{connection}",
        "Maximum number of open connections of the pool.", *_POOL),
    _gauge("db_client_connection_pending_requests", "{request}",
        "Requests waiting for a connection.", *_POOL, precreated=True),
    _counter("db_client_connection_timeouts", "{timeout}",
        "Requests for a connection that timed out.", *_POOL, precreated=True),
    _duration("db_client_connection_wait_time_seconds",
        "Time to obtain a connection from the pool.", *_POOL, buckets=SHORT_DURATION_BUCKETS),
)

_RUNTIME = (
    _duration("asyncio_event_loop_delay_seconds",
        "Delay of event loop callbacks past their due time.",
        buckets=SHORT_DURATION_BUCKETS, precreated=True),
    _gauge("anyio_worker_threads_in_use", "{thread}",
        "Worker threads running synchronous code."),
    _gauge("anyio_worker_threads_limit", "{thread}",
        "Maximum number of worker threads."),
    _duration("python_gc_pause_seconds",
        "Duration of garbage collections, which stop the interpreter.",
        "generation", buckets=SHORT_DURATION_BUCKETS, precreated=True),
    _gauge("process_memory_limit_bytes", "By",
        "Memory limit of the cgroup; absent without a limit."),
    Metric(name="app_build", type="info", unit="1",
        help="Versions of the service, Python and FastAPI.",
        labels=("service_version", "python_version", "fastapi_version")),
)

_SELF = (
    _counter("otel_sdk_span_started", "{span}",
        "Spans started, by origin of the parent and by sampling result.",
        "otel_span_parent_origin", "otel_span_sampling_result", precreated=True),
    _counter("otel_sdk_processor_span_processed", "{span}",
        "Ended spans that left the processor; error_type is the reason of a drop.",
        *_COMPONENT, ERROR_TYPE, precreated=True),
    _gauge("otel_sdk_processor_span_queue_size", "{span}",
        "Spans waiting for export.", *_COMPONENT),
    _gauge("otel_sdk_processor_span_queue_capacity", "{span}",
        "Maximum number of queued spans, if OTEL_BSP_MAX_QUEUE_SIZE sets one.", *_COMPONENT),
    _gauge("otel_sdk_processor_queue_used_bytes", "By",
        "Bytes of encoded spans waiting for export.", *_COMPONENT),
    _gauge("otel_sdk_processor_queue_limit_bytes", "By",
        "Maximum number of queued bytes of encoded spans.", *_COMPONENT),
    _counter("otel_sdk_exporter_span_exported", "{span}",
        "Spans whose export ended; error_type is empty if the collector accepted them.",
        *_COMPONENT, ERROR_TYPE, precreated=True),
    _duration("otel_sdk_exporter_operation_duration_seconds",
        "Duration of export calls.", *_COMPONENT, ERROR_TYPE),
    _counter("sightline_internal_errors", "{error}",
        "Internal errors of the instrumentation; requests were unaffected.",
        "operation", precreated=True),
    _counter("sightline_label_sets_overflowed", "{event}",
        "Events counted under the overflow labels, because the metric has too many label sets.",
        "metric", precreated=True),
)

_SERVICES = (
    _gauge("circuit_breaker_state", "1",
        "1 for the state the breaker is in, 0 for the others.",
        "name", "state", emitter="services", precreated=True),
    _counter("circuit_breaker_calls", "{call}",
        "Calls by outcome: success, failure or rejected.",
        "name", "outcome", emitter="services", precreated=True),
    _counter("rate_limiter_requests", "{request}",
        "Rate limiter decisions: allowed or rejected.",
        "policy", "result", emitter="services", precreated=True),
    _gauge("worker_pool_queue_depth", "{item}",
        "Items waiting for a worker.", "pool", emitter="services"),
    _gauge("worker_pool_queue_capacity", "{item}",
        "Maximum number of items waiting for a worker.", "pool", emitter="services"),
    _counter("degraded_responses", "{response}",
        "Responses served without a dependency, in degraded mode.",
        "dependency", emitter="services", precreated=True),
    _gauge("fault_injected", "1",
        "1 while a drill injects this fault.", "point", "kind", emitter="services"),
    _counter("alert_notifications_received", "{notification}",
        "Alert notifications received by the control service, by status.",
        "alertname", "severity", "status", emitter="services"),
    _gauge("alert_watchdog_timestamp_seconds", "s",
        "Time of the last Watchdog notification, in seconds since 1970.", emitter="services"),
    _counter("traffic_requests", "{request}",
        "Requests sent by the traffic generator, by scenario and outcome.",
        "scenario", "outcome", emitter="services", precreated=True),
)
# fmt: on

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        metric.name: metric
        for group in (_HTTP, _RPC_CALLS, _MESSAGING, _DATABASE, _RUNTIME, _SELF, _SERVICES)
        for metric in group
    }
)
"""All metrics by family name: the only names in rules and dashboards."""
