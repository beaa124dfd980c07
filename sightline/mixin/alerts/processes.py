"""A process runs out of something: event loop, threads, memory, connections."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.rules import processes as rules
from sightline.mixin.text import COUNT, single

_INSTANCE: Final = ("job", "instance")

LOOP: Final = Alert(
    name="EventLoopBlocked",
    signal=f'{rules.LOOP_DELAY}{{quantile="0.99"}}',
    threshold=Threshold(operator=">", value=0.1),
    hold="5m",
    keep="5m",
    why="While one callback computes or blocks, every request of the process waits; a tenth of a "
    "second is where people notice. Kept, for the delay comes in bursts.",
    severity="warning",
    summary="The event loop of {{ $labels.job }} is blocked for {{ $value | humanizeDuration }}.",
    description="On {{ $labels.instance }} one callback in a hundred runs that late. Typical: "
    "time.sleep, requests, a large JSON or a lock inside an async function. It uses "
    + single(
        f'{rules.CORES}{{job="%s", instance="%s"}}', "job", "instance", spelt="humanizePercentage"
    )
    + " of a core: near 100 % it computes, near 0 % it waits.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

THREADS: Final = Alert(
    name="WorkerThreadsExhausted",
    signal=queries.worker_threads(),
    threshold=Threshold(operator=">", value=0.9),
    hold="5m",
    keep="0s",
    why="Every endpoint written as plain `def` shares these threads, 40 by default; at 90 % the "
    "next requests queue before their code starts.",
    severity="warning",
    summary="{{ $labels.job }} uses {{ $value | humanizePercentage }} of its worker threads.",
    description="On {{ $labels.instance }} synchronous endpoints wait for a free thread. "
    "Find the slow one on the service dashboard; make it async or give it a timeout.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

CPU: Final = Alert(
    name="ProcessCpuSaturated",
    signal=rules.CORES,
    threshold=Threshold(operator=">", value=0.9),
    gate="and on (job, instance) app_build_info",
    hold="10m",
    keep="5m",
    why="A Python process runs on about one core. Only processes that carry app_build_info, which "
    "are Python's; ten minutes, for a busy core is no symptom yet.",
    severity="warning",
    summary="{{ $labels.job }} uses {{ $value | humanizePercentage }} of a core.",
    description="{{ $labels.instance }} has no headroom: latency grows with every further request. "
    "More processes, or less work a request.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

DESCRIPTORS: Final = Alert(
    name="FileDescriptorsExhausted",
    signal=queries.file_descriptors(),
    threshold=Threshold(operator=">", value=0.8),
    hold="5m",
    keep="0s",
    why="At the limit no connection can be accepted or opened; a fifth is left to act in.",
    severity="warning",
    summary="{{ $labels.job }} has {{ $value | humanizePercentage }} of its file descriptors open.",
    description="On {{ $labels.instance }}. Usually connections that are never closed: compare "
    "with requests in flight and with the connection pools.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

MEMORY: Final = Alert(
    name="MemoryLimitNear",
    signal=queries.memory(),
    threshold=Threshold(operator=">", value=0.9),
    hold="5m",
    keep="5m",
    why="At the limit the kernel kills the process with everything in flight: worth waking for. "
    "Absent where there is no limit.",
    severity="critical",
    summary="{{ $labels.job }} uses {{ $value | humanizePercentage }} of its memory limit.",
    description="The kernel will kill {{ $labels.instance }} at 100 %. Its growth of late: "
    + single(
        'delta(process_resident_memory_bytes{job="%s", instance="%s"}[1h])',
        "job",
        "instance",
        spelt="humanize1024",
    )
    + "B.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

COLLECTOR: Final = Alert(
    name="GarbageCollectorBusy",
    signal=queries.collecting(),
    threshold=Threshold(operator=">", value=0.05),
    hold="10m",
    keep="5m",
    why="Collections stop the interpreter; 5 % of the time is felt in every percentile.",
    severity="warning",
    summary="{{ $labels.job }} spends {{ $value | humanizePercentage }} of its time collecting "
    "garbage.",
    description="On {{ $labels.instance }}. Many short-lived containers, or a large heap that "
    "generation 2 walks again and again: gc.freeze() after start-up helps the latter.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

CONNECTIONS: Final = Alert(
    name="DatabaseConnectionsExhausted",
    signal="sum by (job, instance, db_client_connection_pool_name) "
    "(db_client_connection_pending_requests)",
    threshold=Threshold(operator=">", value=0),
    hold="2m",
    keep="2m",
    why="Somebody waited at every evaluation for two minutes: the pool is too small or leaks.",
    severity="warning",
    summary="{{ $value }} requests of {{ $labels.job }} wait for a database connection.",
    description="Pool {{ $labels.db_client_connection_pool_name }} of {{ $labels.instance }}. "
    "Gave up waiting: "
    + single(
        "sum(increase(db_client_connection_timeouts_total"
        '{job="%s", instance="%s", db_client_connection_pool_name="%s"}[5m]))',
        "job",
        "instance",
        "db_client_connection_pool_name",
        spelt=COUNT,
    )
    + ". If all connections are used and few queries run, some code does not give them back.",
    dashboard="dependencies",
)

QUEUE: Final = Alert(
    name="WorkerPoolSaturated",
    signal="worker_pool_queue_depth\n/\n(worker_pool_queue_capacity > 0)",
    threshold=Threshold(operator=">", value=0.8),
    hold="5m",
    keep="0s",
    why="A full queue rejects; a fifth is left to act in.",
    severity="warning",
    summary="Pool {{ $labels.pool }} of {{ $labels.job }} has {{ $value | humanizePercentage }} of "
    "its queue filled.",
    description="On {{ $labels.instance }} items arrive faster than its workers finish them.",
    dashboard="dependencies",
)

PROCESSES: Final = Group(
    name="processes.alerts",
    rules=(LOOP, THREADS, CPU, DESCRIPTORS, MEMORY, COLLECTOR, CONNECTIONS, QUEUE),
)
