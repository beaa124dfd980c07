"""Queries that more than one rule or panel asks, named once.

Every function gives PromQL. *by* lists the labels that stay, *where* is matchers without braces,
*window* a range: rules leave the default, panels pass ``$__rate_interval``.
"""

from collections.abc import Sequence
from typing import Final

from sightline.mixin.config import RATE_WINDOW

SERVER: Final = "http_server_request_duration_seconds"
CLIENT: Final = "http_client_request_duration_seconds"
DATABASE: Final = "db_client_operation_duration_seconds"
LOOP_DELAY: Final = "asyncio_event_loop_delay_seconds"

JOB: Final = ("job",)
INSTANCE: Final = ("job", "instance")
ROUTE: Final = ("job", "http_route")
PEER: Final = ("job", "server_address", "server_port")
"""A dependency: on one machine all peers share an address, so the port tells them apart."""

SERVER_ERROR: Final = 'http_response_status_code=~"5.."'
CLIENT_ERROR: Final = 'error_type!~"(4..)?"'
"""A call that got no answer or a 5xx. A 4xx is the caller's own mistake, an empty type none."""


def rate(
    series: str, *, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW
) -> str:
    """Events a second of the counter *series*."""
    return f"sum by ({', '.join(by)}) (rate({selected(series, where)}[{window}]))"


def increase(
    series: str, *, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW
) -> str:
    """Events of the counter *series* within *window*."""
    return f"sum by ({', '.join(by)}) (increase({selected(series, where)}[{window}]))"


def quantile(
    q: float,
    histogram: str,
    *,
    by: Sequence[str] = JOB,
    where: str = "",
    window: str = RATE_WINDOW,
) -> str:
    """The *q*-quantile of *histogram*, in its unit."""
    buckets = rate(f"{histogram}_bucket", by=(*by, "le"), where=where, window=window)
    return f"histogram_quantile({q:g}, {buckets})"


def share(part: str, whole: str) -> str:
    """*part* as a ratio of *whole*: absent, never NaN, while *whole* is 0."""
    return f"{part}\n/\n({whole} > 0)"


def or_zero(part: str, whole: str) -> str:
    """*part*, or 0 where only *whole* has series: an error that never happened has none."""
    return f"({part} or 0 * {whole})"


def requests(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Requests served a second."""
    return rate(f"{SERVER}_count", by=by, where=where, window=window)


def errors(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Requests a second that were answered 5xx."""
    return requests(by=by, where=both(where, SERVER_ERROR), window=window)


def calls(*, by: Sequence[str] = PEER, where: str = "", window: str = RATE_WINDOW) -> str:
    """Requests sent to dependencies a second."""
    return rate(f"{CLIENT}_count", by=by, where=where, window=window)


def failed_calls(*, by: Sequence[str] = PEER, where: str = "", window: str = RATE_WINDOW) -> str:
    """Requests sent a second that got no answer, or a 5xx."""
    return calls(by=by, where=both(where, CLIENT_ERROR), window=window)


def in_flight(*, by: Sequence[str] = JOB, where: str = "") -> str:
    """Requests being served."""
    return f"sum by ({', '.join(by)}) ({selected('http_server_active_requests', where)})"


def loop_delay(
    q: float, *, by: Sequence[str] = INSTANCE, where: str = "", window: str = RATE_WINDOW
) -> str:
    """How late the event loop runs a callback that is due, in seconds."""
    return quantile(q, LOOP_DELAY, by=by, where=where, window=window)


def worker_threads(where: str = "") -> str:
    """Share of the worker threads that run synchronous code."""
    return _gauges("anyio_worker_threads_in_use", "anyio_worker_threads_limit", where)


def file_descriptors(where: str = "") -> str:
    """Share of the file descriptors that are open."""
    return _gauges("process_open_fds", "process_max_fds", where)


def memory(where: str = "") -> str:
    """Share of the control group's memory that is resident."""
    return _gauges("process_resident_memory_bytes", "process_memory_limit_bytes", where)


def connections(where: str = "") -> str:
    """Share of a database pool's connections that are in use."""
    used = selected("db_client_connection_count", both(where, 'db_client_connection_state="used"'))
    most = selected("db_client_connection_max", where)
    labels = "job, instance, db_client_connection_pool_name"
    return f"sum by ({labels}) ({used})\n/\nsum by ({labels}) ({most} > 0)"


def cores(*, by: Sequence[str] = INSTANCE, where: str = "", window: str = RATE_WINDOW) -> str:
    """Cores in use."""
    return rate("process_cpu_seconds_total", by=by, where=where, window=window)


def collecting(*, by: Sequence[str] = INSTANCE, where: str = "", window: str = RATE_WINDOW) -> str:
    """Share of the time in which garbage collection stops the interpreter."""
    return rate("python_gc_pause_seconds_sum", by=by, where=where, window=window)


def spans_started(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans started a second, sampled or not."""
    return rate("otel_sdk_span_started_total", by=by, where=where, window=window)


def spans_dropped(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second that ended and were thrown away before export."""
    series = "otel_sdk_processor_span_processed_total"
    return rate(series, by=by, where=both(where, 'error_type!=""'), window=window)


def spans_exported(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second whose export ended, well or not."""
    return rate("otel_sdk_exporter_span_exported_total", by=by, where=where, window=window)


def spans_delivered(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second that the collector took."""
    return spans_exported(by=by, where=both(where, 'error_type=""'), window=window)


def spans_failed(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second whose export failed."""
    return spans_exported(by=by, where=both(where, 'error_type!=""'), window=window)


def spans_accepted(*, by: Sequence[str] = (), where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second that Jaeger's receiver accepted."""
    return rate("otelcol_receiver_accepted_spans_total", by=by, where=where, window=window)


def spans_refused(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second that Jaeger's receiver refused."""
    return rate("otelcol_receiver_refused_spans_total", by=by, where=where, window=window)


def spans_stored(*, by: Sequence[str] = (), where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second that reached Jaeger's storage."""
    return rate("otelcol_exporter_sent_spans_total", by=by, where=where, window=window)


def spans_unstored(*, by: Sequence[str] = JOB, where: str = "", window: str = RATE_WINDOW) -> str:
    """Spans a second that Jaeger's storage failed to take; absent while it never failed."""
    return rate("otelcol_exporter_send_failed_spans_total", by=by, where=where, window=window)


def selected(series: str, where: str = "") -> str:
    """*series* with the matchers *where*, if any."""
    return f"{series}{{{where}}}" if where else series


def both(where: str, also: str) -> str:
    """Two lists of matchers as one; either may be empty."""
    return ", ".join(filter(None, (where, also)))


def _gauges(used: str, most: str, where: str) -> str:
    return f"{selected(used, where)}\n/\n({selected(most, where)} > 0)"
