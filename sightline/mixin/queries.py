"""Queries that more than one rule or panel uses.

Every function returns PromQL. *by* lists the labels to keep, *where* is a list of matchers without
braces, *window* is a range: rules use the default, panels pass ``$__rate_interval``.
"""

from collections.abc import Callable, Sequence
from typing import Final

from instrumentation import conventions, metric
from sightline.mixin import identity
from sightline.mixin.config import RATE_WINDOW
from sightline.mixin.identity import IDENTITY

SERVER: Final = conventions.HTTP_SERVER_REQUEST_DURATION_SECONDS
CLIENT: Final = conventions.HTTP_CLIENT_REQUEST_DURATION_SECONDS
RPC_CLIENT: Final = conventions.RPC_CLIENT_CALL_DURATION_SECONDS
RESIDENT_MEMORY: Final = "process_resident_memory_bytes"
DATABASE: Final = conventions.DB_CLIENT_OPERATION_DURATION_SECONDS
LOOP_DELAY: Final = conventions.ASYNCIO_EVENT_LOOP_DELAY_SECONDS

JOB: Final = IDENTITY
INSTANCE: Final = (*IDENTITY, "instance")
ROUTE: Final = (*IDENTITY, "http_route")
PEER: Final = (*IDENTITY, "server_address", "server_port")
"""Labels of the address of a dependency. The port separates dependencies on the same machine."""

DEPENDENCY: Final = (*PEER, "rpc_system_name")
"""Labels of a dependency. Calls over HTTP have no ``rpc_system_name``, those over gRPC have one."""

PYTHON: Final = f'{conventions.APP_BUILD}_info{{python_version!=""}}'
"""Instances with our library: other programs have an ``app_build_info`` of their own."""

JAEGER: Final = 'job=~"(.*[^a-z])?jaeger([^a-z].*)?"'
"""Matcher of targets that are Jaeger, and not another collector: jaeger, tracing/jaeger-collector.
Both have the metrics ``otelcol_receiver_*``."""

JAEGER_STORAGE: Final = 'exporter=~"jaeger_storage_exporter.*"'
"""Matcher of the exporter that writes to the storage of Jaeger, under any job."""

SERVER_ERROR: Final = 'http_response_status_code=~"5.."'
NO_SERVER_ERROR: Final = 'http_response_status_code!~"5.."'
NO_FAILURE: Final = f"({conventions.CLIENT_DISCONNECTED})?"
"""Pattern of the ``error_type`` of requests that the service handled, or whose client left."""

_HTTP_CALLER_FAULTS: Final = "4(0[02-69]|2[0-8]|[13-9].)"
_RPC_CALLER_FAULTS: Final = (
    "ABORTED|ALREADY_EXISTS|CANCELLED|FAILED_PRECONDITION|INVALID_ARGUMENT|NOT_FOUND"
    "|OUT_OF_RANGE|PERMISSION_DENIED"
)
_CALLER_FAULTS: Final = f"({_HTTP_CALLER_FAULTS}|{_RPC_CALLER_FAULTS})?"
CLIENT_ERROR: Final = f'error_type!~"{_CALLER_FAULTS}"'
"""Matcher of calls without an answer, with a 5xx, or with 401, 407, 408 or 429: an expired key and
throttling are faults between the two. Another 4xx is an error of the caller; an empty type is
none. The status codes of gRPC are judged alike: UNAUTHENTICATED is 401, RESOURCE_EXHAUSTED 429.
Source: google.rpc.Code, "HTTP Mapping"."""

CLIENT_SUCCESS: Final = f'error_type=~"{_CALLER_FAULTS}"'
"""Matcher of all other calls."""


_OR: Final = "\n  or\n  "

START_TIME: Final = "process_start_time_seconds"

LOOKBACK_SECONDS: Final = 300
"""Time for which a sample counts as current. Source: Prometheus, `--query.lookback-delta`."""

STREAM_SECONDS: Final = metric.DURATION_BUCKETS[-1]
"""Last bound of histograms of durations. Few longer calls among quick ones are streams."""


def rate(
    series: str, *, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW
) -> str:
    """Return the events per second of the counter *series*."""
    return f"sum by ({', '.join(by)}) (rate({selector(series, where)}[{window}]))"


def increase(
    series: str, *, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW
) -> str:
    """Return the number of events of the counter *series* within *window*."""
    return f"sum by ({', '.join(by)}) (increase({selector(series, where)}[{window}]))"


def events(*counters: str, by: Sequence[str], comparable: str, window: str = RATE_WINDOW) -> str:
    """Return the events of *counters* within *window*, with the first value of new series.

    increase() needs two samples. A series without a sample one window ago is new if its instance
    is one of *comparable*, a query like `comparable_instances` or the series that records it. Its
    whole value counts until it is one window old. No series is in two of *counters*.
    """
    target = identity.on("instance")
    branches = (
        f"({counter} unless {counter} offset {window}\n    and {target} {comparable})\n"
        f"  or\n  increase({counter}[{window}])"
        for counter in counters
    )
    return f"sum by ({', '.join(by)}) (\n  {_OR.join(branches)}\n)"


def comparable_instances(total: str, *, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the instances of *total* whose new series began at 0 within *window*.

    *total* is a recorded sum of counters by instance, or a group of them. An instance is comparable
    in these cases:

    - It was scraped one window ago, so a series without a sample did not exist then.
    - It has no scrapes, and was recorded one window ago. The record counts for two minutes, two
      evaluations of the slowest group that records one, because the samples of its counters may
      be older. A target whose scrape failed was recorded, too, but has no sample.
    - Its process is young, so each earlier sample would be found one window ago.
    - It reports no start time and is the first of its address for an hour, while other instances
      of the service were recorded. It does not return from an outage.

    After a gap in Prometheus itself none is comparable, and neither is an old process whose labels
    changed: the value of such a counter is that of its lifetime.
    """
    target, up = identity.on("instance"), selector("up", where)
    started = selector(START_TIME, where)
    recorded = f"last_over_time({total}[2m] offset {window})"
    return (
        f"({recorded}\n  unless {target} {up})\nor\n({total} and {target} (\n"
        f"  {up} offset {window} == 1 or {started} offset {window}\n"
        f"  or {started} > {_start_of(window)} - {LOOKBACK_SECONDS}))\nor\n"
        f"({total}\n  unless last_over_time({total}[1h] offset {window})\n"
        f"  unless {target} {started}\n"
        f"  unless {target} {up} offset {window} == 0\n"
        f"  and {identity.on()} {recorded})"
    )


def scraped_instances(window: str = RATE_WINDOW) -> str:
    """Return the targets whose new series began at 0 within *window*, without a recorded sum.

    They answered one window ago, or their process is younger.
    """
    return f"(up offset {window} == 1 or {START_TIME} > {_start_of(window)})"


def _start_of(window: str) -> str:
    """Return the time one *window* ago, which a profile shortens as it shortens ranges."""
    return f"scalar(min_over_time(vector(time())[{window}:1m]))"


def quantile(
    q: float,
    histogram: str,
    *,
    by: Sequence[str] = JOB,
    where: str = "",
    window: str = RATE_WINDOW,
) -> str:
    """Return the *q*-quantile of *histogram*, in its unit."""
    buckets = rate(f"{histogram}_bucket", by=(*by, "le"), where=where, window=window)
    return f"histogram_quantile({q:g}, {buckets})"


def share(part: str, whole: str) -> str:
    """Return *part* as a ratio of *whole*. It is absent, not NaN, while *whole* is 0."""
    return f"{part}\n/\n({whole} > 0)"


def or_zero(part: str, whole: str) -> str:
    """Return *part*, or 0 where only *whole* has series, as for an error that never occurred."""
    return f"({part} or 0 * {whole})"


def either(first: str, second: str) -> str:
    """Return the sum of two results of which one may be absent."""
    return f"({first} + {second} or {first} or {second})"


def larger(first: str, second: str) -> str:
    """Return the larger of two results, or *second* where *first* is absent."""
    return f"(\n{first} >= {second}\nor\n{second}\n)"


def requests(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the requests served per second."""
    return rate(f"{SERVER}_count", by=by, where=where, window=window)


def errors(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the requests answered with 5xx per second."""
    return requests(by=by, where=join_matchers(where, SERVER_ERROR), window=window)


def calls(*, by: Sequence[str] = DEPENDENCY, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the calls to dependencies per second, by labels of which one is the RPC system."""
    return over_clients(lambda client: rate(f"{client}_count", by=by, where=where, window=window))


def failed_calls(
    *, by: Sequence[str] = DEPENDENCY, where: str = "", window: str = RATE_WINDOW
) -> str:
    """Return the calls per second that failed, see `CLIENT_ERROR`."""
    return calls(by=by, where=join_matchers(where, CLIENT_ERROR), window=window)


def over_clients(query: Callable[[str], str]) -> str:
    """Return the results of *query* for the HTTP and for the gRPC client.

    Args:
        query: Returns PromQL for the histogram of a client. Its result has `DEPENDENCY` or other
            labels in which the two clients differ.
    """
    return f"({query(CLIENT)}\nor\n{query(RPC_CLIENT)})"


def in_flight(*, by: Sequence[str] = JOB, where: str = "") -> str:
    """Return the number of requests in flight."""
    series = selector(conventions.HTTP_SERVER_ACTIVE_REQUESTS, where)
    return f"sum by ({', '.join(by)}) ({series})"


def loop_delay(
    q: float, *, by: Sequence[str] = INSTANCE, where: str = "", window: str = RATE_WINDOW
) -> str:
    """Return the *q*-quantile of the delay of callbacks of the event loop, in seconds."""
    return quantile(q, LOOP_DELAY, by=by, where=where, window=window)


def worker_threads(where: str = "") -> str:
    """Return the ratio of worker threads that run synchronous code."""
    return _gauges(
        conventions.ANYIO_WORKER_THREADS_IN_USE, conventions.ANYIO_WORKER_THREADS_LIMIT, where
    )


def file_descriptors(where: str = "") -> str:
    """Return the ratio of file descriptors that are open."""
    return _gauges("process_open_fds", "process_max_fds", where)


def memory(where: str = "") -> str:
    """Return resident memory as a ratio of the memory limit of the control group."""
    return _gauges(RESIDENT_MEMORY, conventions.PROCESS_MEMORY_LIMIT_BYTES, where)


def worst_worker(gauge: str, otherwise: str) -> str:
    """Return the *gauge* of the worst of several workers, or the value *otherwise* without it."""
    return f"({gauge}\nor {identity.on('instance')}\n{otherwise})"


def per_worker(total: str, where: str = "") -> str:
    """Return *total* of an instance divided by its workers, or as it is if they are not known."""
    target = identity.on("instance")
    workers = single(selector(conventions.PROCESS_WORKER_COUNT, where))
    return f"({total}\n/ {target}\n{workers}\nor {target}\n{total})"


def single(gauge: str) -> str:
    """Return *gauge* as one series of each instance, also if both of a Prometheus pair store it."""
    return f"max {identity.by('instance')} ({gauge})"


def connections(where: str = "") -> str:
    """Return the ratio of connections of a database pool that are in use."""
    used = selector(
        conventions.DB_CLIENT_CONNECTION_COUNT,
        join_matchers(where, 'db_client_connection_state="used"'),
    )
    most = selector(conventions.DB_CLIENT_CONNECTION_MAX, where)
    pool = identity.by("instance", "db_client_connection_pool_name")
    return f"sum {pool} ({used})\n/\nsum {pool} ({most} > 0)"


def cores(*, by: Sequence[str] = INSTANCE, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the number of cores in use."""
    return rate("process_cpu_seconds_total", by=by, where=where, window=window)


def gc_pause_ratio(
    *, by: Sequence[str] = INSTANCE, where: str = "", window: str = RATE_WINDOW
) -> str:
    """Return the ratio of time in which garbage collection stops the interpreter."""
    return rate(f"{conventions.PYTHON_GC_PAUSE_SECONDS}_sum", by=by, where=where, window=window)


def spans_started(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans started per second, sampled or not."""
    return rate(f"{conventions.OTEL_SDK_SPAN_STARTED}_total", by=by, where=where, window=window)


def spans_dropped(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second that were dropped before export."""
    series = f"{conventions.OTEL_SDK_PROCESSOR_SPAN_PROCESSED}_total"
    return rate(series, by=by, where=join_matchers(where, 'error_type!=""'), window=window)


def spans_exported(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second whose export succeeded or failed."""
    return rate(
        f"{conventions.OTEL_SDK_EXPORTER_SPAN_EXPORTED}_total", by=by, where=where, window=window
    )


def spans_delivered(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second that the collector accepted."""
    return spans_exported(by=by, where=join_matchers(where, 'error_type=""'), window=window)


def spans_failed(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second whose export failed."""
    return spans_exported(by=by, where=join_matchers(where, 'error_type!=""'), window=window)


def spans_accepted(*, by: Sequence[str] = (), where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second that the receiver of Jaeger accepted."""
    return rate("otelcol_receiver_accepted_spans_total", by=by, where=where, window=window)


def spans_refused(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second that the receiver of Jaeger refused."""
    return rate("otelcol_receiver_refused_spans_total", by=by, where=where, window=window)


def spans_stored(*, by: Sequence[str] = (), where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second that Jaeger stored."""
    return rate("otelcol_exporter_sent_spans_total", by=by, where=where, window=window)


def spans_unstored(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Return the spans per second that Jaeger failed to store; absent until the first failure."""
    return rate("otelcol_exporter_send_failed_spans_total", by=by, where=where, window=window)


def selector(series: str, where: str = "") -> str:
    """Return *series* with the matchers *where*, if any."""
    return f"{series}{{{where}}}" if where else series


def join_matchers(where: str, also: str) -> str:
    """Return two lists of matchers as one; either may be empty."""
    return ", ".join(filter(None, (where, also)))


def _gauges(used: str, most: str, where: str) -> str:
    return f"{selector(used, where)}\n/\n({selector(most, where)} > 0)"
