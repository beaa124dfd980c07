"""Does telemetry itself arrive, or do we look at a picture with holes?"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, limits, spans
from sightline.mixin.dashboards.selection import JOBS, PROCESSES, STEP, or_nothing
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import TimeSeries
from sightline.mixin.grafana.fields import AMOUNT, fixed_color
from sightline.mixin.grafana.panels import BarGauge, Stat
from sightline.mixin.grafana.tables import Column, Key, Table
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.vocabulary import Color, Unit
from sightline.mixin.rules import services
from sightline.mixin.rules import telemetry as rules

_EACH: Final = "{{job}} {{instance}}"

STARTED: Final = PROCESSES.rate("otel_sdk_span_started_total", by=())
SAMPLED: Final = PROCESSES.rate(
    "otel_sdk_span_started_total", by=(), where='otel_span_sampling_result="RECORD_AND_SAMPLE"'
)
PROCESSED: Final = PROCESSES.rate(
    "otel_sdk_processor_span_processed_total", by=(), where='error_type=""'
)
DELIVERED: Final = PROCESSES.rate(
    "otel_sdk_exporter_span_exported_total", by=(), where='error_type=""'
)
ACCEPTED: Final = or_nothing(queries.spans_accepted(window=STEP))
STORED: Final = or_nothing(queries.spans_stored(window=STEP))
"""0 while Jaeger is away: that is when the funnel must be seen to end."""


def share_of_started(where: str) -> str:
    """Share of the spans that were started which *where* selects, by service."""
    name = "otel_sdk_span_started_total"
    return queries.share(PROCESSES.rate(name, where=where), PROCESSES.rate(name))


FUNNEL: Final = Row(
    title="From a request to a stored trace",
    lines=(
        (
            BarGauge(
                title="Span funnel",
                description="Spans a second at each stage; all bars alike is health. "
                "The first shorter bar is where they are lost: sampling, queue, network, storage.",
                unit=Unit.EVENTS_PER_SECOND,
                decimals=1,
                scale=AMOUNT,
                queries=(
                    InstantQuery(expr=STARTED, legend="started"),
                    InstantQuery(expr=SAMPLED, legend="sampled"),
                    InstantQuery(expr=PROCESSED, legend="queued"),
                    InstantQuery(expr=DELIVERED, legend="exported"),
                    InstantQuery(expr=ACCEPTED, legend="accepted"),
                    InstantQuery(expr=STORED, legend="stored"),
                ),
                span=2,
            ),
            TimeSeries(
                title="Spans at each stage",
                description="The same over time. Curves that lie on each other are health; "
                "accepted below exported: the collector refuses, or somebody else's spans go.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(expr=STARTED, legend="started"),
                    Query(expr=DELIVERED, legend="exported"),
                    Query(expr=ACCEPTED, legend="accepted"),
                    Query(expr=STORED, legend="stored"),
                ),
                span=2,
            ),
            Stat(
                title="Lost between service and collector",
                description="Share of the spans exported in the chosen time that Jaeger did not "
                "accept. Red: something between the two answers yes and drops them.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(
                    InstantQuery(
                        expr=spans.lost(PROCESSES, "otelcol_receiver_accepted_spans_total")
                    ),
                ),
                scale=limits.SPANS_LOST,
                when_empty="few spans yet",
            ),
        ),
        (
            TimeSeries(
                title="Dropped before export",
                description="Spans thrown away by their service, by reason. "
                "queue_full: the collector is slower than the service; shutdown: killed too soon.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            "otel_sdk_processor_span_processed_total",
                            by=("error_type",),
                            where='error_type!=""',
                        ),
                        legend="{{error_type}}",
                    ),
                ),
                when_empty="none dropped",
            ),
            TimeSeries(
                title="Failed to export",
                description="Spans whose export ended badly, by kind. "
                "Connection errors: is Jaeger up? A status: it refuses what we send.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            "otel_sdk_exporter_span_exported_total",
                            by=("error_type",),
                            where='error_type!=""',
                        ),
                        legend="{{error_type}}",
                    ),
                ),
                when_empty="none failed",
            ),
            TimeSeries(
                title="Refused, or not stored",
                description="Spans that Jaeger turned away or could not write. "
                "Above 0: its memory limit, its disk, or its storage.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=or_nothing(queries.spans_refused(by=(), window=STEP)),
                        legend="refused",
                    ),
                    Query(
                        expr=or_nothing(queries.spans_unstored(by=(), window=STEP)),
                        legend="not stored",
                    ),
                ),
                overrides=(
                    fixed_color("refused", Color.WARNING),
                    fixed_color("not stored", Color.BAD),
                ),
            ),
        ),
    ),
)

EXPORT: Final = Row(
    title="Export",
    lines=(
        (
            TimeSeries(
                title="Export queue",
                description="Share of the bytes that may wait for export. "
                "A climb means that the collector is away; full, spans are dropped.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=PROCESSES.sum(
                            "otel_sdk_processor_queue_used_bytes", by=queries.INSTANCE
                        )
                        + "\n/\n("
                        + PROCESSES.sum("otel_sdk_processor_queue_limit_bytes", by=queries.INSTANCE)
                        + " > 0)",
                        legend=_EACH,
                    ),
                ),
                reaches=1,
                scale=limits.SPAN_QUEUE,
            ),
            TimeSeries(
                title="Spans that wait",
                description="Spans in the export queue. "
                "A saw-tooth is normal: it empties with each export; a ramp is not.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum(
                            "otel_sdk_processor_span_queue_size", by=queries.INSTANCE
                        ),
                        legend=_EACH,
                    ),
                ),
            ),
            TimeSeries(
                title="Duration of exports, p95",
                description="19 of 20 export calls are faster. "
                "Near the export timeout, spans are sent again and again.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.quantile(
                            0.95, "otel_sdk_exporter_operation_duration_seconds"
                        ),
                        legend="{{job}}",
                    ),
                ),
            ),
            TimeSeries(
                title="Failed export calls",
                description="Share of export calls that failed; they are tried again. "
                "100 %: the collector is away, and the queue fills.",
                unit=Unit.RATIO,
                queries=(Query(expr=JOBS.series(rules.EXPORTS_FAILED), legend="{{job}}"),),
                reaches=1,
                scale=limits.EXPORTS_FAILED,
                when_empty="no export yet",
            ),
        ),
    ),
)

TRUTH: Final = Row(
    title="Are traces whole?",
    lines=(
        (
            TimeSeries(
                title="Spans per request",
                description="Spans started for each request served. "
                "A fall to 0 with traffic: tracing is off; a jump: a loop makes spans.",
                unit=Unit.COUNT,
                decimals=1,
                queries=(
                    Query(
                        expr=f"{JOBS.series(rules.STARTED)}\n/ on (job)\n"
                        f"({JOBS.series(services.REQUESTS)} > 0)",
                        legend="{{job}}",
                    ),
                ),
                when_empty="no traffic",
            ),
            TimeSeries(
                title="Traces that begin here",
                description="Share of spans without a parent. Natural at the edge; behind it, "
                "a rise is lost context: a caller without instrumentation.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=share_of_started('otel_span_parent_origin="none"'),
                        legend="{{job}}",
                    ),
                ),
                when_empty="no spans",
            ),
            TimeSeries(
                title="Sampled",
                description="Share of spans that are recorded and sent. "
                "Two services with different shares cut holes into each other's traces.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=share_of_started('otel_span_sampling_result="RECORD_AND_SAMPLE"'),
                        legend="{{job}}",
                    ),
                ),
                when_empty="no spans",
            ),
            TimeSeries(
                title="Errors of the instrumentation",
                description="Failures inside the library that the service did not notice, and "
                "events under the overflow label. Anything but 0: report it, with the log.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate("sightline_internal_errors_total", by=()),
                        legend="errors",
                    ),
                    Query(
                        expr=PROCESSES.rate("sightline_label_sets_overflowed_total", by=()),
                        legend="overflow",
                    ),
                ),
            ),
        ),
    ),
)

SCRAPES: Final = Row(
    title="Scrapes",
    lines=(
        (
            TimeSeries(
                title="Duration of scrapes",
                description="How long each target takes to give its metrics. "
                "Near the scrape timeout samples go missing: too many series, or a busy loop.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.max("scrape_duration_seconds", by=queries.INSTANCE),
                        legend=_EACH,
                    ),
                ),
            ),
            TimeSeries(
                title="Series of each target",
                description="Samples that each scrape keeps. "
                "A ramp is a label with an unbounded value; find it in the table below.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.max(
                            "scrape_samples_post_metric_relabeling", by=queries.INSTANCE
                        ),
                        legend=_EACH,
                    ),
                ),
                scale=limits.SERIES,
            ),
            TimeSeries(
                title="New series",
                description="Series that each scrape saw for the first time. "
                "A comb is a label that never repeats: an id, a time, an address.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum("scrape_series_added", by=queries.INSTANCE),
                        legend=_EACH,
                    ),
                ),
            ),
            TimeSeries(
                title="Exemplars stored",
                description="Samples that carry a trace id, stored by Prometheus. "
                "None with traffic: dots are missing from all charts; is the feature switched on?",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=f"sum(rate(prometheus_tsdb_exemplar_exemplars_appended_total[{STEP}]))",
                        legend="stored",
                    ),
                ),
            ),
        ),
    ),
)

EVERYTHING: Final = PROCESSES.also('__name__=~".+"').series("")

CARDINALITY: Final = Row(
    title="Cardinality (asks every series: open when needed)",
    folded=True,
    lines=(
        (
            Table(
                title="Metrics with most series",
                description="The twenty largest. "
                "A metric that should not be here has a label with too many values.",
                keys=(Key(label="__name__", title="Metric"),),
                columns=(
                    Column(
                        title="Series",
                        expr=f"topk(20, count by (__name__) ({EVERYTHING}))",
                        unit=Unit.COUNT,
                    ),
                ),
                sort_by="Series",
            ),
            Table(
                title="Series by service",
                description="How much of Prometheus each service fills. "
                "One that outweighs the others: see its largest metrics beside.",
                keys=(Key(label="job", title="Service"),),
                columns=(
                    Column(
                        title="Series",
                        expr=PROCESSES.sum("scrape_samples_post_metric_relabeling"),
                        unit=Unit.COUNT,
                    ),
                ),
                sort_by="Series",
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="telemetry",
    title="Telemetry",
    description="Does telemetry itself arrive, or do we look at a picture with holes?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, frame.JOBS, frame.INSTANCES),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(FUNNEL, EXPORT, TRUTH, SCRAPES, CARDINALITY),
)
