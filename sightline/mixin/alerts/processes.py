"""Alerts on processes that are killed or run out of event loop, threads, memory or connections."""

from typing import Final

from instrumentation import conventions, service_metrics
from sightline.mixin import queries
from sightline.mixin.config import RATE_WINDOW
from sightline.mixin.identity import SERVICE, by, on
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.rules import processes as rules
from sightline.mixin.text import COUNT, first_value

_INSTANCE: Final = ("job", "instance")

_LIMIT: Final = conventions.PROCESS_MEMORY_LIMIT_BYTES
_USED: Final = (
    f"({conventions.PROCESS_MEMORY_PSS_BYTES} or {on('instance')} {queries.RESIDENT_MEMORY})"
)
"""Memory that counts towards the limit. Several workers share pages, which their sum of resident
memory counts more than once."""
_PROPORTIONAL: Final = f"{conventions.PROCESS_MEMORY_PSS_BYTES} / ({_LIMIT} > 0)"

LOOP: Final = Alert(
    name="EventLoopBlocked",
    signal=queries.worst_worker(
        conventions.PROCESS_WORKER_EVENT_LOOP_DELAY_P99_SECONDS,
        f'{rules.LOOP_DELAY}{{quantile="0.99"}}',
    ),
    threshold=Threshold(operator=">", value=0.1),
    hold="5m",
    keep="5m",
    why="While one callback computes or blocks, every request of the process waits; people notice "
    "a tenth of a second. keep_firing_for, because the delay comes in bursts. Of several workers "
    "the slowest counts: the sum over all hides one that is blocked.",
    severity="warning",
    summary="The event loop of {{ $labels.job }} is blocked for {{ $value | humanizeDuration }}.",
    description="On {{ $labels.instance }} one callback in a hundred runs that late, and every "
    "request waits meanwhile. Typical causes are time.sleep, requests, a large JSON document or a "
    "lock in an async function. Dump its stack a few times. It uses "
    + first_value(
        f'{rules.CORES}{{{SERVICE}, instance="%s"}}',
        *_INSTANCE,
        template="humanizePercentage",
    )
    + " of a core: near 100 % it computes, near 0 % it waits.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

THREADS: Final = Alert(
    name="WorkerThreadsExhausted",
    signal=queries.worst_worker(
        conventions.PROCESS_WORKER_THREAD_UTILIZATION_RATIO, queries.worker_threads()
    ),
    threshold=Threshold(operator=">", value=0.9),
    hold="5m",
    keep="0s",
    why="All endpoints written as plain `def` share these threads, 40 by default. At 90 % the next "
    "requests queue before their code starts. Of several workers the fullest counts: its requests "
    "wait although others are idle.",
    severity="warning",
    summary="{{ $labels.job }} uses {{ $value | humanizePercentage }} of its worker threads.",
    description="Requests to synchronous endpoints of {{ $labels.instance }} wait for a free "
    "thread. Find the slow endpoint on the service dashboard first; make it async or give its slow "
    "call a timeout.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

CPU: Final = Alert(
    name="ProcessCpuSaturated",
    signal=queries.worst_worker(
        conventions.PROCESS_WORKER_CPU_UTILIZATION_RATIO,
        f"{rules.CORES} and {on('instance')} {conventions.PROCESS_WORKER_COUNT} == 1",
    ),
    threshold=Threshold(operator=">", value=0.9),
    hold="10m",
    keep="5m",
    why="A Python process can use about one core. Limited to services with our library, which "
    "says how many workers a page adds up; of several the busiest counts. Ten minutes, because a "
    "busy core is not a symptom yet.",
    severity="warning",
    summary="{{ $labels.job }} uses {{ $value | humanizePercentage }} of a core.",
    description="{{ $labels.instance }} has no headroom: requests become slower with every "
    "further request. Compare with its traffic first: more traffic needs more processes, the same "
    "traffic needs a profile.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

DESCRIPTORS: Final = Alert(
    name="FileDescriptorsExhausted",
    signal=queries.worst_worker(
        conventions.PROCESS_WORKER_FILE_DESCRIPTOR_UTILIZATION_RATIO, queries.file_descriptors()
    ),
    threshold=Threshold(operator=">", value=0.8),
    gate=f"and {on('instance')} {queries.PYTHON}",
    hold="5m",
    keep="0s",
    why="At the limit no connection can be accepted or opened. A fifth is left to act in. Limited "
    "to services with our library; of several workers the fullest counts.",
    severity="warning",
    summary="{{ $labels.job }} has {{ $value | humanizePercentage }} of its file descriptors open.",
    description="At 100 % {{ $labels.instance }} rejects connections and cannot open files. The "
    "usual cause is connections that are never closed. Compare with requests in flight and "
    "connection pools; a restart gains time.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

_LEFT: Final = f"({queries.single(_LIMIT)} - {on('instance')} {queries.single(_USED)})"


def _grows(offset: str = "") -> str:
    """Return the condition of a growth in a quarter of an hour that fills the rest in four."""
    return (
        f"16 * delta({queries.RESIDENT_MEMORY}[15m]{offset})\n"
        f"    > {on('instance')} group_left () {_LEFT}"
    )


_MEMORY: Final = queries.worst_worker(_PROPORTIONAL, queries.memory())

MEMORY: Final = Alert(
    name="MemoryLimitNear",
    signal=_MEMORY,
    threshold=Threshold(operator=">", value=0.9),
    gate=f"and {on('instance')} (\n  min_over_time({_MEMORY}[30m:1m]) >= 0.95\n  or\n"
    f"  ({_grows()}\n    and {on('instance')} {_grows(' offset 15m')})\n)",
    hold="5m",
    keep="5m",
    why="At the limit the kernel kills the process with all requests in flight. A level of 91 % "
    "may last for years, so memory must also grow in each of two quarters of an hour, so that one "
    "jump does not count, and fill the rest within four hours. From 95 % on a single large request "
    "is enough. A ticket, because no request has failed yet. Absent without a limit.",
    severity="warning",
    summary="{{ $labels.job }} uses {{ $value | humanizePercentage }} of its memory limit.",
    description="At the limit the kernel kills {{ $labels.instance }}, and its requests in flight "
    "fail. If it grows, restart it before that and look for a leak or for more load. If it is "
    "level, one large request is enough: raise the limit. Growth in the last hour: "
    + first_value(
        f'delta({queries.RESIDENT_MEMORY}{{{SERVICE}, instance="%s"}}[1h])',
        *_INSTANCE,
        template="humanize1024",
    )
    + "B.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

_KILLED: Final = f'{conventions.PROCESS_WORKER_EXITS}_total{{error_type="killed"}}'
_KILLED_SLOWLY: Final = f"increase({_KILLED}[12h]) / 2"


def _killed(window: str) -> str:
    return first_value(
        f"increase({conventions.PROCESS_WORKER_EXITS}_total"
        f'{{{SERVICE}, instance="%s", error_type="killed"}}[{window}])',
        *_INSTANCE,
        template=COUNT,
    )


KILLED: Final = Alert(
    name="WorkersKilled",
    signal=queries.larger(f"increase({_KILLED}[1h])", _KILLED_SLOWLY),
    threshold=Threshold(operator=">=", value=3),
    gate=f"and increase({_KILLED}[3h]) > 0",
    hold="0s",
    keep="5m",
    why="The server starts a new worker at once, so neither its start time nor its target shows "
    "that one is killed again and again. The value is the number of an hour, or half of that of "
    "twelve hours; one or two may be the stop of a deploy.",
    severity="warning",
    summary="Workers of {{ $labels.job }} are killed again and again.",
    description=f"{{{{ $labels.instance }}}} lost {_killed('1h')} workers within an hour and "
    f"{_killed('12h')} within twelve. Each lost its requests in flight. The kernel kills at the "
    "memory limit, the server at its own timeout; the log of the server and of the kernel tell "
    "which. Memory in use: "
    + first_value(
        f'{conventions.PROCESS_MEMORY_PSS_BYTES}{{{SERVICE}, instance="%s"}}\n'
        f'/ {_LIMIT}{{{SERVICE}, instance="%s"}}',
        *_INSTANCE,
        *_INSTANCE,
        template="humanizePercentage",
        default="unknown, or no limit",
    )
    + " of the limit.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

COLLECTOR: Final = Alert(
    name="GarbageCollectorBusy",
    signal=queries.per_worker(queries.gc_pause_ratio()),
    threshold=Threshold(operator=">", value=0.05),
    hold="10m",
    keep="5m",
    why="Collections stop the interpreter. At 5 % of the time every percentile rises. Of several "
    "workers the mean counts, because each stops only itself.",
    severity="warning",
    summary="{{ $labels.job }} spends {{ $value | humanizePercentage }} of its time collecting "
    "garbage.",
    description="Requests to {{ $labels.instance }} pause during collections. The cause is either "
    "many short-lived containers or a large heap that generation 2 traverses repeatedly. Look at "
    "the pauses by generation; gc.freeze() after start-up helps against generation 2.",
    dashboard="python-runtime",
    variables=_INSTANCE,
)

CONNECTIONS: Final = Alert(
    name="DatabaseConnectionsExhausted",
    signal=f"sum {by('instance', 'db_client_connection_pool_name')} "
    f"({conventions.DB_CLIENT_CONNECTION_PENDING_REQUESTS})",
    threshold=Threshold(operator=">", value=0),
    hold="2m",
    keep="2m",
    why="Requests waited at every evaluation for two minutes: the pool is too small or leaks.",
    severity="warning",
    summary="{{ $value }} requests of {{ $labels.job }} wait for a database connection.",
    description="Requests are slow or fail while pool {{ $labels.db_client_connection_pool_name }} "
    "of {{ $labels.instance }} has no free connection. Look for slow queries first; if few queries "
    "run while all connections are in use, code does not return them. Timeouts in the last window: "
    + first_value(
        f"sum(increase({conventions.DB_CLIENT_CONNECTION_TIMEOUTS}_total"
        f'{{{SERVICE}, instance="%s", db_client_connection_pool_name="%s"}}[{RATE_WINDOW}]))',
        *_INSTANCE,
        "db_client_connection_pool_name",
        template=COUNT,
    )
    + ".",
    dashboard="dependencies",
)

QUEUE: Final = Alert(
    name="WorkerPoolSaturated",
    signal=f"{service_metrics.WORKER_POOL_QUEUE_DEPTH}\n/\n"
    f"({service_metrics.WORKER_POOL_QUEUE_CAPACITY} > 0)",
    threshold=Threshold(operator=">", value=0.8),
    hold="5m",
    keep="0s",
    why="A full queue rejects items. A fifth is left to act in.",
    severity="warning",
    summary="The queue of pool {{ $labels.pool }} of {{ $labels.job }} is "
    "{{ $value | humanizePercentage }} full.",
    description="Items arrive faster than the workers of {{ $labels.instance }} finish them; a "
    "full queue rejects items. Check first whether items became slower or more frequent.",
    dashboard="dependencies",
)

PROCESSES: Final = Group(
    name="processes.alerts",
    rules=(LOOP, THREADS, CPU, DESCRIPTORS, MEMORY, KILLED, COLLECTOR, CONNECTIONS, QUEUE),
)
