"""Does the Python process itself keep up: event loop, threads, garbage, memory, files?"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, limits, saturation
from sightline.mixin.dashboards.selection import PROCESSES, of_services
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import Heatmap, TimeSeries
from sightline.mixin.grafana.fields import reference_line
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Buckets, Query
from sightline.mixin.grafana.vocabulary import Color, Unit

_EACH: Final = "{{job}} {{instance}}"

LOOP: Final = Row(
    title="Event loop and threads",
    lines=(
        (
            saturation.LOOP_DELAY,
            Heatmap(
                title="Distribution of event loop delays",
                description="Measurements a second in each bucket. "
                "A second band far up is one blocking call that comes again and again.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(Buckets(expr=PROCESSES.buckets(queries.LOOP_DELAY), exemplars=False),),
            ),
            TimeSeries(
                title="Event loop delay, median",
                description="Half of the callbacks are less late. "
                "A median above some milliseconds: the loop is busy all the time, not in bursts.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.quantile(0.5, queries.LOOP_DELAY, by=queries.INSTANCE),
                        legend=_EACH,
                    ),
                ),
            ),
        ),
        (
            saturation.WORKER_THREADS,
            TimeSeries(
                title="Worker threads in use",
                description="Threads that run synchronous routes, and the dashed limit. "
                "A plateau at the limit is a queue: raise it, or make the route async.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum("anyio_worker_threads_in_use", by=queries.INSTANCE),
                        legend=_EACH,
                    ),
                    Query(
                        expr=f"max({PROCESSES.series('anyio_worker_threads_limit')})",
                        legend="limit",
                    ),
                ),
                overrides=(reference_line("limit", Color.BAD),),
            ),
            saturation.IN_FLIGHT,
        ),
    ),
)

GARBAGE: Final = Row(
    title="Garbage collection",
    lines=(
        (
            TimeSeries(
                title="Time spent collecting",
                description="Share of the time in which garbage collection stops the interpreter. "
                "Above the line everything is slower: fewer objects, or gc.freeze() after start.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=PROCESSES.rate("python_gc_pause_seconds_sum", by=queries.INSTANCE),
                        legend=_EACH,
                    ),
                ),
                scale=limits.COLLECTING,
            ),
            TimeSeries(
                title="Pause, p99",
                description="One collection of a hundred stops everything for longer, by "
                "generation. Long pauses of generation 2 show up in the p99 of requests.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.quantile(
                            0.99, "python_gc_pause_seconds", by=("job", "generation")
                        ),
                        legend="{{job}} generation {{generation}}",
                    ),
                ),
                when_empty="no collection",
            ),
            TimeSeries(
                title="Collections",
                description="Collections a second by generation. "
                "A rise with the same traffic: each request makes more objects than before.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            "python_gc_collections_total", by=("job", "generation")
                        ),
                        legend="{{job}} generation {{generation}}",
                    ),
                ),
            ),
            TimeSeries(
                title="Uncollectable objects",
                description="Objects that cannot be freed, within the panel's step. "
                "Anything but 0 is a leak in an extension module.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr="sum by (job, instance) (increase("
                        + PROCESSES.series("python_gc_objects_uncollectable_total")
                        + "[$__rate_interval]))",
                        legend=_EACH,
                    ),
                ),
            ),
        ),
    ),
)

PROCESS: Final = Row(
    title="Process",
    lines=(
        (saturation.CORES, saturation.MEMORY, saturation.MEMORY_SHARE),
        (
            saturation.FILE_DESCRIPTORS,
            TimeSeries(
                title="Open files and sockets",
                description="File descriptors in use. "
                "Compare with requests in flight: each may hold a few, but not more and more.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=of_services(PROCESSES.sum("process_open_fds", by=queries.INSTANCE)),
                        legend=_EACH,
                    ),
                ),
            ),
            TimeSeries(
                title="Uptime",
                description="Time since each process started. "
                "A saw-tooth is a crash loop: see its log, and its memory before each tooth.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=of_services(
                            f"time() - {PROCESSES.series('process_start_time_seconds')}"
                        ),
                        legend=_EACH,
                    ),
                ),
            ),
        ),
        (
            Table(
                title="What runs",
                description="Versions and uptime of each process. "
                "Two versions of one service for long: a deploy that stopped half way.",
                keys=(
                    Key(label="job", title="Service", link=frame.to_service("${__value.raw}")),
                    Key(label="instance", title="Instance"),
                    Key(
                        label="service_version",
                        title="Version",
                        expr="count by (job, instance, service_version, python_version, "
                        f"fastapi_version) ({PROCESSES.series('app_build_info')})",
                    ),
                    Key(label="python_version", title="Python"),
                    Key(label="fastapi_version", title="FastAPI"),
                ),
                columns=(
                    Column(
                        title="Uptime",
                        expr=of_services(
                            "time() - "
                            + PROCESSES.max("process_start_time_seconds", by=queries.INSTANCE)
                        ),
                        unit=Unit.SECONDS,
                        decimals=1,
                    ),
                    Column(
                        title="CPU",
                        expr=of_services(
                            PROCESSES.rate("process_cpu_seconds_total", by=queries.INSTANCE)
                        ),
                        unit=Unit.COUNT,
                        decimals=2,
                        scale=limits.CORES,
                    ),
                    Column(
                        title="Memory",
                        expr=of_services(
                            PROCESSES.sum("process_resident_memory_bytes", by=queries.INSTANCE)
                        ),
                        unit=Unit.BYTES,
                        decimals=1,
                    ),
                ),
                sort_by="Uptime",
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="python-runtime",
    title="Python runtime",
    description="Does the Python process itself keep up: event loop, threads, garbage, memory?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, frame.JOBS, frame.INSTANCES),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(LOOP, GARBAGE, PROCESS),
)
