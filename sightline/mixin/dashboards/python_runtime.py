"""Dashboard Python runtime: event loop, threads, garbage collection and process resources."""

from dataclasses import replace
from typing import Final

from instrumentation import conventions
from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import links, saturation, thresholds, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.place_keys import PLACE_KEYS
from sightline.mixin.dashboards.selection import (
    INSTANCE,
    PROCESSES,
    TOP,
    TOP_PROCESSES,
    build_info,
    drop_nan,
    keep_services,
    keep_top,
    labels,
    mean_rate,
    peak,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import reference_line
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import Buckets, Query
from sightline.mixin.grafana.time_panels import Heatmap, TimeSeries
from sightline.mixin.identity import IDENTITY
from sightline.mixin.rules import processes

MEDIAN_DELAY: Final = PROCESSES.narrow('quantile="0.5"').select(processes.LOOP_DELAY)

LOOP: Final = Row(
    title="Event loop and threads",
    lines=(
        (
            saturation.LOOP_DELAY,
            Heatmap(
                title="Event loop delays",
                description="Measurements per second in each bucket of delay. A second band at a "
                "high delay means that a single blocking call occurs repeatedly.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(Buckets(expr=PROCESSES.buckets(queries.LOOP_DELAY), exemplars=False),),
            ),
            TimeSeries(
                title=f"Loop p50, {TOP_PROCESSES}",
                description="Delay that half of the callbacks exceed. A median above a few "
                "milliseconds means that the event loop is busy all the time and not only in "
                "bursts.",
                unit=Unit.SECONDS,
                queries=saturation.top_instances(
                    drop_nan(MEDIAN_DELAY), peak(MEDIAN_DELAY, by=INSTANCE)
                ),
                no_value=saturation.NOT_RECORDED,
            ),
        ),
        (
            saturation.WORKER_THREADS,
            TimeSeries(
                title=f"Busy threads, {TOP_PROCESSES}",
                description="Threads that run synchronous routes. The dashed line is the limit. If "
                "a curve stays at the limit, requests wait for a thread: raise the limit or make "
                "the route async.",
                unit=Unit.COUNT,
                queries=(
                    *saturation.top_gauge(
                        PROCESSES.sum(conventions.ANYIO_WORKER_THREADS_IN_USE, by=INSTANCE),
                        conventions.ANYIO_WORKER_THREADS_IN_USE,
                    ),
                    Query(
                        expr=f"max({PROCESSES.select(conventions.ANYIO_WORKER_THREADS_LIMIT)})",
                        legend="limit",
                    ),
                ),
                overrides=(reference_line("limit", Color.BAD),),
            ),
            saturation.IN_FLIGHT,
        ),
    ),
)

UNCOLLECTABLE: Final = PROCESSES.select("python_gc_objects_uncollectable_total")
GENERATION: Final = (*IDENTITY, "generation")

GARBAGE: Final = Row(
    title="Garbage collection",
    lines=(
        (
            TimeSeries(
                title=f"Time in garbage collection, {TOP_PROCESSES}",
                description="Share of time in which garbage collection stops the interpreter. "
                "Of several workers, their mean. Above the red line all requests are slower: "
                "create fewer objects, or call gc.freeze() after the start.",
                unit=Unit.RATIO,
                queries=saturation.top_instances(
                    queries.per_worker(
                        PROCESSES.query(queries.gc_pause_ratio, by=INSTANCE), PROCESSES.where
                    ),
                    mean_rate(
                        PROCESSES.select(f"{conventions.PYTHON_GC_PAUSE_SECONDS}_sum"), by=INSTANCE
                    ),
                ),
                scale=thresholds.GC_TIME,
            ),
            TimeSeries(
                title=f"Garbage collection pause, p99, {TOP}",
                description="Pause that 1 % of garbage collections exceed, by generation. Nothing "
                "else runs during a pause, so long pauses of generation 2 appear in the p99 "
                "duration of requests.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=keep_top(
                            PROCESSES.quantile(
                                0.99, conventions.PYTHON_GC_PAUSE_SECONDS, by=GENERATION
                            ),
                            mean_rate(
                                PROCESSES.select(f"{conventions.PYTHON_GC_PAUSE_SECONDS}_sum"),
                                by=GENERATION,
                            ),
                            by=GENERATION,
                        ),
                        legend="{{job}} generation {{generation}}",
                    ),
                ),
                no_value="no collection",
            ),
        ),
        (
            TimeSeries(
                title=f"Garbage collections, {TOP}",
                description="Garbage collections per second, by generation. A rise with the same "
                "traffic means that each request creates more objects than before.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=keep_top(
                            PROCESSES.rate("python_gc_collections_total", by=GENERATION),
                            mean_rate(
                                PROCESSES.select("python_gc_collections_total"), by=GENERATION
                            ),
                            by=GENERATION,
                        ),
                        legend="{{job}} generation {{generation}}",
                    ),
                ),
            ),
            TimeSeries(
                title=f"Uncollectable objects, {TOP_PROCESSES}",
                description="Objects found in each step of the panel that the garbage collector "
                "cannot free. Anything but 0 is a memory leak, usually in an extension module.",
                unit=Unit.COUNT,
                queries=saturation.top_instances(
                    f"sum by ({labels(INSTANCE)}) (increase({UNCOLLECTABLE}[$__rate_interval]))",
                    mean_rate(UNCOLLECTABLE, by=INSTANCE),
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
                title=f"Open files, {TOP_PROCESSES}",
                description="Open file descriptors, by process. Compare with the panel In flight: "
                "if descriptors rise while requests do not, files or connections are not closed.",
                unit=Unit.COUNT,
                queries=saturation.top_gauge(saturation.open_files(), "process_open_fds"),
            ),
            TimeSeries(
                title=f"Uptime, {TOP_PROCESSES}",
                description="Time since each process started. A curve that falls to zero again and "
                "again means that the process crashes and restarts: read its log, and look at its "
                "memory before each restart.",
                unit=Unit.SECONDS,
                queries=saturation.top_gauge(saturation.uptime(), queries.START_TIME),
            ),
        ),
        (
            Table(
                title="Versions and uptime",
                description="Versions and uptime of each process. If two versions of a service run "
                "for long, a deploy stopped halfway.",
                keys=(
                    *PLACE_KEYS,
                    Key(label="job", title="Service", link=links.CLICKED_SERVICE, width=135),
                    Key(label="instance", title="Instance", width=148),
                    Key(
                        label="service_version",
                        title="Version",
                        expr=f"count by ({labels(INSTANCE)}, service_version, python_version, "
                        f"fastapi_version) ({build_info(PROCESSES)})",
                    ),
                    Key(label="python_version", title="Python"),
                    Key(label="fastapi_version", title="FastAPI"),
                ),
                columns=(
                    Column(
                        title="Uptime",
                        expr=keep_services(saturation.uptime()),
                        unit=Unit.SECONDS,
                        decimals=1,
                    ),
                    Column(
                        title="CPU",
                        expr=keep_services(saturation.busiest_cores()),
                        unit=Unit.COUNT,
                        decimals=2,
                        scale=thresholds.CORES,
                    ),
                    Column(
                        title="Memory",
                        expr=keep_services(saturation.memory()),
                        unit=Unit.BYTES,
                        decimals=1,
                    ),
                ),
                sort_by="Uptime",
            ),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.PYTHON_RUNTIME,
    variables=(
        variables.PROMETHEUS,
        *variables.PLACES,
        replace(variables.JOB, multi=True),
        variables.INSTANCES,
        *variables.COUNTED_PROCESSES,
    ),
    rows=(LOOP, GARBAGE, PROCESS),
)
