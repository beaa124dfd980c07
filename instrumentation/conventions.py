"""Names of metrics, labels and attributes.

Pure data, standard library only, so that rules, dashboards, services and tests import the same
names. Spelling follows the OpenTelemetry semantic conventions, with dots written as underscores and
the unit and ``_total`` appended as Prometheus requires.

Source: open-telemetry/semantic-conventions v1.44, docs/{http,rpc,messaging,database,otel,runtime}.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from instrumentation.metric import SHORT_DURATION_BUCKETS, Metric, counter, duration, gauge, size
from instrumentation.service_metrics import SERVICE_METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

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

UNMATCHED_BELOW_MOUNT: Final = "/{unmatched}"
"""End of the label value of a path below a mounted app that has no route for it."""

CLIENT_DISCONNECTED: Final = "client_disconnected"
"""Value of ``error_type`` and ``error.type`` if the client left: no failure of the service."""

OVERFLOW: Final = "__overflow__"
"""Value of every label once a metric has reached its limit of label sets."""

VERSION: Final = "0.2.0"
"""Version of the distribution; ``make release`` sets it."""

SCOPE: Final = "instrumentation"
"""Instrumentation scope of the spans that the library creates by itself."""

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"
"""Schema of the names in the spans of `SCOPE`."""

TRACE_ID: Final = "trace_id"
"""Exemplar label and log field: 32 hex digits."""
SPAN_ID: Final = "span_id"
"""Exemplar label and log field: 16 hex digits."""


class Attribute:
    """Names of attributes of spans, resources and log records that several modules use."""

    DB_COLLECTION_NAME: Final = "db.collection.name"
    DB_OPERATION_NAME: Final = "db.operation.name"
    DB_SYSTEM_NAME: Final = "db.system.name"
    ERROR_TYPE: Final = "error.type"
    NETWORK_PEER_ADDRESS: Final = "network.peer.address"
    NETWORK_PEER_PORT: Final = "network.peer.port"
    NETWORK_PROTOCOL_VERSION: Final = "network.protocol.version"
    HOST_NAME: Final = "host.name"
    HTTP_REQUEST_METHOD: Final = "http.request.method"
    HTTP_REQUEST_METHOD_ORIGINAL: Final = "http.request.method_original"
    HTTP_REQUEST_RESEND_COUNT: Final = "http.request.resend_count"
    HTTP_RESPONSE_STATUS_CODE: Final = "http.response.status_code"
    HTTP_ROUTE: Final = "http.route"
    OTEL_SCOPE_NAME: Final = "otel.scope.name"
    OTEL_SCOPE_VERSION: Final = "otel.scope.version"
    OTEL_STATUS_CODE: Final = "otel.status_code"
    OTEL_STATUS_DESCRIPTION: Final = "otel.status_description"
    SERVER_ADDRESS: Final = "server.address"
    SERVER_PORT: Final = "server.port"
    SERVICE_INSTANCE_ID: Final = "service.instance.id"
    SERVICE_NAME: Final = "service.name"
    SERVICE_VERSION: Final = "service.version"
    URL_FULL: Final = "url.full"
    URL_PATH: Final = "url.path"
    SIGHTLINE_JOB: Final = "sightline.job"
    """`service.name` again, because Jaeger removes that from the tags, which its links contain."""


# Names of the metrics: each constant is the name in capitals.
HTTP_SERVER_REQUEST_DURATION_SECONDS: Final = "http_server_request_duration_seconds"
HTTP_SERVER_ACTIVE_REQUESTS: Final = "http_server_active_requests"
HTTP_SERVER_REQUEST_BODY_SIZE_BYTES: Final = "http_server_request_body_size_bytes"
HTTP_SERVER_RESPONSE_BODY_SIZE_BYTES: Final = "http_server_response_body_size_bytes"
HTTP_CLIENT_REQUEST_DURATION_SECONDS: Final = "http_client_request_duration_seconds"
HTTP_CLIENT_REQUEST_RESENDS: Final = "http_client_request_resends"
RPC_SERVER_CALL_DURATION_SECONDS: Final = "rpc_server_call_duration_seconds"
RPC_CLIENT_CALL_DURATION_SECONDS: Final = "rpc_client_call_duration_seconds"
MESSAGING_CLIENT_SENT_MESSAGES: Final = "messaging_client_sent_messages"
MESSAGING_CLIENT_CONSUMED_MESSAGES: Final = "messaging_client_consumed_messages"
MESSAGING_CLIENT_OPERATION_DURATION_SECONDS: Final = "messaging_client_operation_duration_seconds"
MESSAGING_PROCESS_DURATION_SECONDS: Final = "messaging_process_duration_seconds"
DB_CLIENT_OPERATION_DURATION_SECONDS: Final = "db_client_operation_duration_seconds"
DB_CLIENT_CONNECTION_COUNT: Final = "db_client_connection_count"
DB_CLIENT_CONNECTION_MAX: Final = "db_client_connection_max"
DB_CLIENT_CONNECTION_PENDING_REQUESTS: Final = "db_client_connection_pending_requests"
DB_CLIENT_CONNECTION_TIMEOUTS: Final = "db_client_connection_timeouts"
DB_CLIENT_CONNECTION_WAIT_TIME_SECONDS: Final = "db_client_connection_wait_time_seconds"
ASYNCIO_EVENT_LOOP_DELAY_SECONDS: Final = "asyncio_event_loop_delay_seconds"
ANYIO_WORKER_THREADS_IN_USE: Final = "anyio_worker_threads_in_use"
ANYIO_WORKER_THREADS_LIMIT: Final = "anyio_worker_threads_limit"
PYTHON_GC_PAUSE_SECONDS: Final = "python_gc_pause_seconds"
PROCESS_MEMORY_LIMIT_BYTES: Final = "process_memory_limit_bytes"
PROCESS_MEMORY_PSS_BYTES: Final = "process_memory_pss_bytes"
PROCESS_WORKER_COUNT: Final = "process_worker_count"
PROCESS_WORKER_EXITS: Final = "process_worker_exits"
PROCESS_WORKER_CPU_UTILIZATION_RATIO: Final = "process_worker_cpu_utilization_ratio"
PROCESS_WORKER_FILE_DESCRIPTOR_UTILIZATION_RATIO: Final = (
    "process_worker_file_descriptor_utilization_ratio"
)
PROCESS_WORKER_THREAD_UTILIZATION_RATIO: Final = "process_worker_thread_utilization_ratio"
PROCESS_WORKER_EVENT_LOOP_DELAY_P99_SECONDS: Final = "process_worker_event_loop_delay_p99_seconds"
APP_BUILD: Final = "app_build"
OTEL_SDK_SPAN_STARTED: Final = "otel_sdk_span_started"
OTEL_SDK_PROCESSOR_SPAN_PROCESSED: Final = "otel_sdk_processor_span_processed"
OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE: Final = "otel_sdk_processor_span_queue_size"
OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY: Final = "otel_sdk_processor_span_queue_capacity"
OTEL_SDK_PROCESSOR_QUEUE_USED_BYTES: Final = "otel_sdk_processor_queue_used_bytes"
OTEL_SDK_PROCESSOR_QUEUE_LIMIT_BYTES: Final = "otel_sdk_processor_queue_limit_bytes"
OTEL_SDK_EXPORTER_SPAN_EXPORTED: Final = "otel_sdk_exporter_span_exported"
OTEL_SDK_EXPORTER_OPERATION_DURATION_SECONDS: Final = "otel_sdk_exporter_operation_duration_seconds"
SIGHTLINE_INTERNAL_ERRORS: Final = "sightline_internal_errors"
SIGHTLINE_LABEL_SETS_OVERFLOWED: Final = "sightline_label_sets_overflowed"

_HTTP_SERVER = (METHOD, ROUTE, STATUS_CODE)
_PEER = (SERVER_ADDRESS, SERVER_PORT)
_RPC = ("rpc_system_name", "rpc_method", "rpc_response_status_code", ERROR_TYPE)
_MESSAGE = ("messaging_system", "messaging_operation_name", "messaging_destination_name")
_POOL = ("db_client_connection_pool_name",)
_COMPONENT = ("otel_component_name", "otel_component_type")

# The formatter would spread each metric over eight lines.
# fmt: off
_HTTP = (
    duration(HTTP_SERVER_REQUEST_DURATION_SECONDS,
        "Duration of HTTP server requests.", *_HTTP_SERVER, ERROR_TYPE, precreated=True),
    gauge(HTTP_SERVER_ACTIVE_REQUESTS, "{request}",
        "Number of HTTP server requests in flight.", METHOD, precreated=True),
    size(HTTP_SERVER_REQUEST_BODY_SIZE_BYTES,
        "Size of HTTP server request bodies.", *_HTTP_SERVER),
    size(HTTP_SERVER_RESPONSE_BODY_SIZE_BYTES,
        "Size of HTTP server response bodies.", *_HTTP_SERVER),
    duration(HTTP_CLIENT_REQUEST_DURATION_SECONDS,
        "Duration of HTTP client requests.", METHOD, *_PEER, STATUS_CODE, ERROR_TYPE),
    counter(HTTP_CLIENT_REQUEST_RESENDS, "{request}",
        "HTTP client requests that repeat an earlier one.", METHOD, *_PEER),
)

_RPC_CALLS = (
    duration(RPC_SERVER_CALL_DURATION_SECONDS, "Duration of RPC server calls.", *_RPC),
    duration(RPC_CLIENT_CALL_DURATION_SECONDS, "Duration of RPC client calls.", *_RPC, *_PEER),
)

_MESSAGING = (
    counter(MESSAGING_CLIENT_SENT_MESSAGES, "{message}",
        "Messages sent to the broker.", *_MESSAGE, ERROR_TYPE),
    counter(MESSAGING_CLIENT_CONSUMED_MESSAGES, "{message}",
        "Messages delivered to this process.", *_MESSAGE, ERROR_TYPE),
    duration(MESSAGING_CLIENT_OPERATION_DURATION_SECONDS,
        "Duration of messaging operations.", *_MESSAGE, ERROR_TYPE),
    duration(MESSAGING_PROCESS_DURATION_SECONDS,
        "Duration of processing a message.", *_MESSAGE, ERROR_TYPE),
)

_DATABASE = (
    duration(DB_CLIENT_OPERATION_DURATION_SECONDS,
        "Duration of database client operations.",
        "db_system_name", "db_operation_name", "db_collection_name", ERROR_TYPE),
    gauge(DB_CLIENT_CONNECTION_COUNT, "{connection}",
        "Connections by state: idle or used.",
        *_POOL, "db_client_connection_state", precreated=True),
    gauge(DB_CLIENT_CONNECTION_MAX, "{connection}",
        "Maximum number of open connections of the pool.", *_POOL),
    gauge(DB_CLIENT_CONNECTION_PENDING_REQUESTS, "{request}",
        "Requests waiting for a connection.", *_POOL, precreated=True),
    counter(DB_CLIENT_CONNECTION_TIMEOUTS, "{timeout}",
        "Requests for a connection that timed out.", *_POOL, precreated=True),
    duration(DB_CLIENT_CONNECTION_WAIT_TIME_SECONDS,
        "Time to obtain a connection from the pool.", *_POOL, buckets=SHORT_DURATION_BUCKETS),
)

_RUNTIME = (
    duration(ASYNCIO_EVENT_LOOP_DELAY_SECONDS,
        "Delay of event loop callbacks past their due time.",
        buckets=SHORT_DURATION_BUCKETS, precreated=True),
    gauge(ANYIO_WORKER_THREADS_IN_USE, "{thread}", "Worker threads running synchronous code."),
    gauge(ANYIO_WORKER_THREADS_LIMIT, "{thread}", "Maximum number of worker threads."),
    duration(PYTHON_GC_PAUSE_SECONDS,
        "Duration of garbage collections, which stop the interpreter.",
        "generation", buckets=SHORT_DURATION_BUCKETS, precreated=True),
    gauge(PROCESS_MEMORY_LIMIT_BYTES, "By", "Memory limit of the cgroup; absent without a limit."),
    gauge(PROCESS_WORKER_COUNT, "{worker}",
        "Running workers whose values this page has; 1 without siblings.", precreated=True),
    Metric(name=APP_BUILD, type="info", unit="1",
        help="Versions of the service, Python and FastAPI.",
        labels=("service_version", "python_version", "fastapi_version")),
)

_WORKERS = (
    counter(PROCESS_WORKER_EXITS, "{worker}",
        "Workers of this server that have exited; error_type is empty if they shut down.",
        ERROR_TYPE, precreated=True),
    gauge(PROCESS_WORKER_CPU_UTILIZATION_RATIO, "1",
        "Cores in use by the busiest worker, over five minutes."),
    gauge(PROCESS_WORKER_FILE_DESCRIPTOR_UTILIZATION_RATIO, "1",
        "Share of its file descriptors that the worker with the largest share has open."),
    gauge(PROCESS_WORKER_THREAD_UTILIZATION_RATIO, "1",
        "Share of its worker threads that the worker with the largest share uses."),
    gauge(PROCESS_WORKER_EVENT_LOOP_DELAY_P99_SECONDS, "s",
        "99th percentile of the event loop's delay in the slowest worker, over five minutes."),
    gauge(PROCESS_MEMORY_PSS_BYTES, "By",
        "Memory of all workers; a page shared by several counts once. Linux only."),
)
"""Present where a server runs several workers behind one page."""

_SELF = (
    counter(OTEL_SDK_SPAN_STARTED, "{span}",
        "Spans started, by origin of the parent and by sampling result.",
        "otel_span_parent_origin", "otel_span_sampling_result", precreated=True),
    counter(OTEL_SDK_PROCESSOR_SPAN_PROCESSED, "{span}",
        "Ended spans that left the processor; error_type is the reason of a drop.",
        *_COMPONENT, ERROR_TYPE, precreated=True),
    gauge(OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE, "{span}", "Spans waiting for export.", *_COMPONENT),
    gauge(OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY, "{span}",
        "Maximum number of queued spans, if OTEL_BSP_MAX_QUEUE_SIZE sets one.", *_COMPONENT),
    gauge(OTEL_SDK_PROCESSOR_QUEUE_USED_BYTES, "By",
        "Bytes of encoded spans waiting for export.", *_COMPONENT),
    gauge(OTEL_SDK_PROCESSOR_QUEUE_LIMIT_BYTES, "By",
        "Maximum number of queued bytes of encoded spans.", *_COMPONENT),
    counter(OTEL_SDK_EXPORTER_SPAN_EXPORTED, "{span}",
        "Spans whose export ended; error_type is empty if the collector accepted them.",
        *_COMPONENT, ERROR_TYPE, precreated=True),
    duration(OTEL_SDK_EXPORTER_OPERATION_DURATION_SECONDS,
        "Duration of export calls.", *_COMPONENT, ERROR_TYPE),
    counter(SIGHTLINE_INTERNAL_ERRORS, "{error}",
        "Internal errors of the instrumentation; requests were unaffected.",
        "operation", precreated=True),
    counter(SIGHTLINE_LABEL_SETS_OVERFLOWED, "{event}",
        "Events counted under the overflow labels, because the metric has too many label sets.",
        "metric", precreated=True),
)
# fmt: on

_GROUPS = (_HTTP, _RPC_CALLS, _MESSAGING, _DATABASE, _RUNTIME, _WORKERS, _SELF, SERVICE_METRICS)

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {metric.name: metric for group in _GROUPS for metric in group}
)
"""All metrics by family name: the only names in rules and dashboards."""
