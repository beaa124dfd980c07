"""Queries and panels of resources that a process can exhaust, with a series per process."""

from collections.abc import Sequence
from typing import Final

from instrumentation import conventions
from sightline.mixin import queries
from sightline.mixin.dashboards import colors, thresholds
from sightline.mixin.dashboards.selection import (
    INSTANCE,
    PROCESSES,
    TOP_PROCESSES,
    build_info,
    drop_nan,
    keep_top,
    labels,
    peak,
)
from sightline.mixin.grafana.schema import Unit
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.rules import processes

INSTANCE_LEGEND: Final = "{{instance}}"
"""Name of a process on dashboards of one service."""

NOT_RECORDED: Final = "not recorded yet"
"""Text of panels of recorded rates, which need two scrapes of a new process."""

PROCESS_LEGEND: Final = "{{job}} {{instance}}"
"""Name of a process on dashboards of several services."""


def cores(*, by: Sequence[str] = INSTANCE) -> str:
    """Return PromQL for the CPU cores in use."""
    return PROCESSES.query(queries.cores, by=by)


def busiest_cores(*, by: Sequence[str] = INSTANCE) -> str:
    """Return PromQL for the CPU cores in use by the busiest worker of each process."""
    return _worst(_CPU, PROCESSES.sum(processes.CORES, by=by), by=by)


def memory(*, by: Sequence[str] = INSTANCE) -> str:
    """Return PromQL for the memory in bytes, in which a page shared by workers counts once."""
    return _worst(
        conventions.PROCESS_MEMORY_PSS_BYTES, PROCESSES.sum(queries.RESIDENT_MEMORY, by=by), by=by
    )


def open_files(*, by: Sequence[str] = INSTANCE) -> str:
    """Return PromQL for the number of open file descriptors."""
    return PROCESSES.sum("process_open_fds", by=by)


def uptime(*, by: Sequence[str] = INSTANCE) -> str:
    """Return PromQL for the seconds since the start of the process."""
    return f"time() - {PROCESSES.max(queries.START_TIME, by=by)}"


def top_instances(series: str, rank: str, *, legend: str = INSTANCE_LEGEND) -> tuple[Query, ...]:
    """Return a query for the processes with the largest *rank*, as `keep_top` expects it.

    Only processes with our instrumentation compete, because All selects every job.
    """
    services = f"last_over_time({build_info(PROCESSES)}[$__range] @ end())"
    ranked = f"{rank} and on ({labels(INSTANCE)}) {services}"
    return (Query(expr=keep_top(series, ranked, by=INSTANCE), legend=legend),)


def _worst(gauge: str, otherwise: str, *, by: Sequence[str] = INSTANCE) -> str:
    """Return PromQL for the *gauge* of the worst worker, or *otherwise* for a single one.

    The other metrics of a process with several workers are sums, which hide a worker that is full.
    """
    return queries.worst_worker(PROCESSES.max(gauge, by=by), otherwise)


def top_workers(gauge: str, series: str, rank: str) -> tuple[Query, ...]:
    """Return a query for the processes whose worst worker has the highest peak.

    Args:
        gauge: Metric of the worst of several workers.
        series: PromQL for processes with a single worker.
        rank: Value by which the latter compete, as `keep_top` expects it.
    """
    ranked = queries.worst_worker(peak(PROCESSES.select(gauge), by=INSTANCE), rank)
    return top_instances(_worst(gauge, series), ranked)


def top_gauge(series: str, gauge: str, *, legend: str = INSTANCE_LEGEND) -> tuple[Query, ...]:
    """Return a query for the processes with the highest peaks of the metric *gauge*."""
    return top_instances(series, peak(PROCESSES.select(gauge), by=INSTANCE), legend=legend)


_CPU: Final = conventions.PROCESS_WORKER_CPU_UTILIZATION_RATIO
_LOOP_DELAY: Final = PROCESSES.narrow('quantile="0.99"').select(processes.LOOP_DELAY)

IN_FLIGHT: Final = TimeSeries(
    title=f"In flight, {TOP_PROCESSES}",
    overrides=colors.INSTANCES,
    description="Requests in progress, by process. A curve that rises and does not fall again "
    "means that requests hang, usually because a dependency does not respond.",
    unit=Unit.COUNT,
    queries=top_gauge(
        queries.in_flight(by=INSTANCE, where=PROCESSES.where),
        conventions.HTTP_SERVER_ACTIVE_REQUESTS,
    ),
)

LOOP_DELAY: Final = TimeSeries(
    title=f"Loop p99, {TOP_PROCESSES}",
    overrides=colors.INSTANCES,
    description="Delay between the time at which a callback is due and the time at which it runs. "
    "Above the red line the event loop is blocked and every request waits. The usual cause is "
    "synchronous code in an async route.",
    unit=Unit.SECONDS,
    queries=top_workers(
        conventions.PROCESS_WORKER_EVENT_LOOP_DELAY_P99_SECONDS,
        drop_nan(_LOOP_DELAY),
        peak(_LOOP_DELAY, by=INSTANCE),
    ),
    scale=thresholds.LOOP_DELAY,
    no_value=NOT_RECORDED,
)

WORKER_THREADS: Final = TimeSeries(
    title=f"Threads, {TOP_PROCESSES}",
    overrides=colors.INSTANCES,
    description="Share of the worker threads that are busy with synchronous routes, of the worker "
    "with the largest share. At 100 % further requests wait for a thread, even if the CPU is idle.",
    unit=Unit.RATIO,
    queries=top_workers(
        conventions.PROCESS_WORKER_THREAD_UTILIZATION_RATIO,
        queries.worker_threads(PROCESSES.where),
        peak(PROCESSES.select(conventions.ANYIO_WORKER_THREADS_IN_USE), by=INSTANCE),
    ),
    scale=thresholds.WORKER_THREADS,
)

CORES: Final = TimeSeries(
    title=f"CPU, {TOP_PROCESSES}",
    overrides=colors.INSTANCES,
    description="CPU cores in use by the busiest worker of each process. Python runs one thread "
    "at a time, so a worker cannot do more work once it is near 1. Add workers, or make the work "
    "cheaper.",
    unit=Unit.COUNT,
    queries=top_workers(
        _CPU,
        PROCESSES.select(processes.CORES),
        peak(PROCESSES.select(processes.CORES), by=INSTANCE),
    ),
    scale=thresholds.CORES,
    no_value=NOT_RECORDED,
)

MEMORY: Final = TimeSeries(
    title=f"Memory, {TOP_PROCESSES}",
    overrides=colors.INSTANCES,
    description="Memory, by process. A page that several workers share counts once. A curve that "
    "only rises is a memory leak. A sudden drop after such a rise means that the kernel killed the "
    "process.",
    unit=Unit.BYTES,
    queries=top_gauge(memory(), queries.RESIDENT_MEMORY),
)

MEMORY_SHARE: Final = TimeSeries(
    title=f"Memory limit, {TOP_PROCESSES}",
    overrides=colors.INSTANCES,
    description="Memory as a share of the control group's memory limit, by process. Near 100 % "
    "the kernel will kill the process: raise the limit or find the leak. A process without a limit "
    "has no curve.",
    unit=Unit.RATIO,
    queries=top_gauge(
        queries.share(memory(), PROCESSES.max(conventions.PROCESS_MEMORY_LIMIT_BYTES, by=INSTANCE)),
        queries.RESIDENT_MEMORY,
    ),
    scale=thresholds.MEMORY,
    no_value="no limit",
)

FILE_DESCRIPTORS: Final = TimeSeries(
    title=f"Descriptors, {TOP_PROCESSES}",
    overrides=colors.INSTANCES,
    description="Open files and sockets as a share of the process's limit. A curve that only "
    "rises means that connections or files are not closed. At 100 % the process cannot accept "
    "connections.",
    unit=Unit.RATIO,
    queries=top_workers(
        conventions.PROCESS_WORKER_FILE_DESCRIPTOR_UTILIZATION_RATIO,
        queries.file_descriptors(PROCESSES.where),
        peak(PROCESSES.select("process_open_fds"), by=INSTANCE),
    ),
    scale=thresholds.FILE_DESCRIPTORS,
)
