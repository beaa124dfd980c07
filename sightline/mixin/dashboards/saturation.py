"""What a process can run out of, one curve a process."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import limits
from sightline.mixin.dashboards.selection import PROCESSES, of_services
from sightline.mixin.grafana.charts import TimeSeries
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.vocabulary import Unit


def _each(expr: str) -> tuple[Query, ...]:
    return (Query(expr=expr, legend="{{job}} {{instance}}"),)


IN_FLIGHT: Final = TimeSeries(
    title="In flight",
    description="Requests being served by each process. "
    "A climb that does not come back is a dependency that hangs.",
    unit=Unit.COUNT,
    queries=_each(PROCESSES.sum("http_server_active_requests", by=queries.INSTANCE)),
)

LOOP_DELAY: Final = TimeSeries(
    title="Event loop delay, p99",
    description="How late due callbacks run. "
    "Above the red line something blocks the loop: synchronous work in an async route.",
    unit=Unit.SECONDS,
    queries=_each(PROCESSES.quantile(0.99, queries.LOOP_DELAY, by=queries.INSTANCE)),
    scale=limits.LOOP_DELAY,
)

WORKER_THREADS: Final = TimeSeries(
    title="Worker threads",
    description="Share of the threads for synchronous routes that are busy. "
    "At 100 % requests wait in line although the CPU is idle.",
    unit=Unit.RATIO,
    queries=_each(queries.worker_threads(PROCESSES.where)),
    scale=limits.WORKER_THREADS,
)

CORES: Final = TimeSeries(
    title="CPU",
    description="Cores in use by each process. "
    "Python runs one thread at a time: near 1 it can do no more; add processes.",
    unit=Unit.COUNT,
    queries=_each(of_services(PROCESSES.rate("process_cpu_seconds_total", by=queries.INSTANCE))),
    scale=limits.CORES,
)

MEMORY: Final = TimeSeries(
    title="Memory",
    description="Resident memory of each process. "
    "A line that only climbs is a leak; a cliff to nothing is the kernel's answer to it.",
    unit=Unit.BYTES,
    queries=_each(of_services(PROCESSES.sum("process_resident_memory_bytes", by=queries.INSTANCE))),
)

MEMORY_SHARE: Final = TimeSeries(
    title="Share of the memory limit",
    description="Resident memory against the control group's limit; nothing without a limit. "
    "Near 100 % the kernel kills the process: raise the limit or find the leak.",
    unit=Unit.RATIO,
    queries=_each(queries.memory(PROCESSES.where)),
    scale=limits.MEMORY,
    when_empty="no limit",
)

FILE_DESCRIPTORS: Final = TimeSeries(
    title="File descriptors",
    description="Share of the open files and sockets that the process may have. "
    "A line that only climbs is a connection that nobody closes.",
    unit=Unit.RATIO,
    queries=_each(of_services(queries.file_descriptors(PROCESSES.where))),
    scale=limits.FILE_DESCRIPTORS,
)
