"""Dashboard Telemetry: completeness of spans and metrics."""

from typing import Final

from instrumentation import conventions
from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import colors, span_loss, thresholds, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.cardinality import CARDINALITY
from sightline.mixin.dashboards.saturation import PROCESS_LEGEND, top_gauge
from sightline.mixin.dashboards.selection import (
    INSTANCE,
    JOBS,
    PROCESSES,
    RATE_INTERVAL,
    TOP,
    TOP_PROCESSES,
    TOP_SERVICES,
    Selection,
    default_to_zero,
    keep_top,
    mean_rate,
    peak,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import BAR_SCALE, fixed_color
from sightline.mixin.grafana.panels import BarGauge, Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.rules import services
from sightline.mixin.rules import telemetry as rules

EVERYTHING: Final = Selection(where="")
"""All services. A collector counts spans of all services together, so every stage must."""

STARTED: Final = EVERYTHING.query(queries.spans_started, by=())
SAMPLED: Final = EVERYTHING.rate(
    f"{conventions.OTEL_SDK_SPAN_STARTED}_total",
    by=(),
    where='otel_span_sampling_result="RECORD_AND_SAMPLE"',
)
PROCESSED: Final = EVERYTHING.rate(
    f"{conventions.OTEL_SDK_PROCESSOR_SPAN_PROCESSED}_total", by=(), where='error_type=""'
)
DELIVERED: Final = EVERYTHING.query(queries.spans_delivered, by=())
ACCEPTED: Final = default_to_zero(EVERYTHING.query(queries.spans_accepted, by=()))
STORED: Final = default_to_zero(EVERYTHING.query(queries.spans_stored, by=()))
"""PromQL that is 0 while Jaeger is down, so that the funnel shows where it ends."""


def started_ratio(where: str) -> str:
    """Return PromQL for the ratio of started spans that *where* selects, by service."""
    name = f"{conventions.OTEL_SDK_SPAN_STARTED}_total"
    return queries.share(PROCESSES.rate(name, where=where), PROCESSES.rate(name))


def _top_services(series: str) -> str:
    """Return *series* of the services that start most spans."""
    return keep_top(
        series, mean_rate(PROCESSES.select(f"{conventions.OTEL_SDK_SPAN_STARTED}_total"))
    )


def _top_targets(gauge: str) -> tuple[Query, ...]:
    """Return a query for the targets with the highest peaks of the metric *gauge*."""
    series = PROCESSES.max(gauge, by=INSTANCE)
    ranked = peak(PROCESSES.select(gauge), by=INSTANCE)
    return (Query(expr=keep_top(series, ranked, by=INSTANCE), legend=PROCESS_LEGEND),)


QUEUED_SPANS: Final = conventions.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE
EXPORT_DURATION: Final = conventions.OTEL_SDK_EXPORTER_OPERATION_DURATION_SECONDS
EXPORTS_FAILED: Final = JOBS.select(rules.EXPORTS_FAILED)
SPANS_PER_REQUEST: Final = queries.share(JOBS.sum(rules.STARTED), JOBS.sum(services.REQUESTS))

QUEUE_USE: Final = queries.share(
    PROCESSES.sum(conventions.OTEL_SDK_PROCESSOR_QUEUE_USED_BYTES, by=INSTANCE),
    PROCESSES.sum(conventions.OTEL_SDK_PROCESSOR_QUEUE_LIMIT_BYTES, by=INSTANCE),
)

FUNNEL: Final = Row(
    title="From a request to a stored trace",
    lines=(
        (
            BarGauge(
                title="Span funnel",
                description="Spans of all services per second at each stage from start to "
                "storage. Bars of equal length mean that no span is lost. The first shorter bar "
                "is the stage that drops spans: sampling, export queue, network or storage.",
                unit=Unit.EVENTS_PER_SECOND,
                decimals=1,
                scale=BAR_SCALE,
                queries=(
                    InstantQuery(expr=STARTED, legend="started"),
                    InstantQuery(expr=SAMPLED, legend="sampled"),
                    InstantQuery(expr=PROCESSED, legend="queued"),
                    InstantQuery(expr=DELIVERED, legend="exported"),
                    InstantQuery(expr=ACCEPTED, legend="accepted"),
                    InstantQuery(expr=STORED, legend="stored"),
                ),
                relative_width=2,
            ),
            TimeSeries(
                title="Spans at each stage",
                description="Spans of all services per second at each stage. Curves that coincide "
                "mean that no span is lost. If fewer spans are accepted than exported, Jaeger "
                "refuses them or another collector receives them.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(expr=STARTED, legend="started"),
                    Query(expr=DELIVERED, legend="exported"),
                    Query(expr=ACCEPTED, legend="accepted"),
                    Query(expr=STORED, legend="stored"),
                ),
                relative_width=2,
            ),
            Stat(
                title="Spans lost",
                relative_width=1,
                description="Share of the spans that services exported in the time range and that "
                "Jaeger did not accept. Red means that something between the services and Jaeger "
                "confirms spans and then drops them.",
                unit=Unit.RATIO,
                decimals=1,
                queries=(
                    InstantQuery(
                        expr=span_loss.loss_ratio("otelcol_receiver_accepted_spans_total")
                    ),
                ),
                scale=thresholds.SPANS_LOST,
                no_value="too few spans",
            ),
        ),
        (
            TimeSeries(
                title="Dropped before export",
                description="Spans per second that services dropped before export, by reason. "
                "queue_full means that the collector is slower than the service. shutdown means "
                "that the process had too little time to export its last spans.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.query(queries.spans_dropped, by=("error_type",)),
                        legend="{{error_type}}",
                    ),
                ),
                no_value="none dropped",
            ),
            TimeSeries(
                title="Failed to export",
                description="Spans per second whose export failed, by type. A connection error "
                "means that Jaeger is unreachable. A status code means that Jaeger rejects the "
                "spans.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.query(queries.spans_failed, by=("error_type",)),
                        legend="{{error_type}}",
                    ),
                ),
                no_value="none failed",
            ),
            TimeSeries(
                title="Refused or not stored",
                description="Spans per second that Jaeger refused or failed to store. Above 0, "
                "Jaeger has reached its memory limit, its disk is full or its storage fails.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=default_to_zero(queries.spans_refused(by=(), window=RATE_INTERVAL)),
                        legend="refused",
                    ),
                    Query(
                        expr=default_to_zero(queries.spans_unstored(by=(), window=RATE_INTERVAL)),
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
                title=f"Export queue, {TOP_PROCESSES}",
                description="Bytes in the export queue as a share of its limit. A rising curve "
                "means that the collector is unreachable or too slow. At 100 % the service drops "
                "spans.",
                unit=Unit.RATIO,
                queries=top_gauge(
                    QUEUE_USE,
                    conventions.OTEL_SDK_PROCESSOR_QUEUE_USED_BYTES,
                    legend=PROCESS_LEGEND,
                ),
                soft_max=1,
                scale=thresholds.SPAN_QUEUE,
            ),
            TimeSeries(
                title=f"Spans in the export queue, {TOP_PROCESSES}",
                description="Spans in the export queue. A saw-tooth curve is normal, because each "
                "export empties the queue. A steady rise means that the collector is unreachable "
                "or too slow.",
                unit=Unit.COUNT,
                queries=top_gauge(
                    PROCESSES.sum(QUEUED_SPANS, by=INSTANCE), QUEUED_SPANS, legend=PROCESS_LEGEND
                ),
            ),
        ),
        (
            TimeSeries(
                title=f"Duration of exports, p95, {TOP_SERVICES}",
                description="Duration that 5 % of export calls exceed. Near the export timeout, "
                "calls fail and the same spans are sent repeatedly.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=_top_services(PROCESSES.quantile(0.95, EXPORT_DURATION)),
                        legend="{{job}}",
                    ),
                ),
                overrides=colors.SERVICES,
            ),
            TimeSeries(
                title=f"Failed export calls, {TOP_SERVICES}",
                description="Share of export calls that failed. Failed calls are retried. At 100 % "
                "the collector is unreachable, and the export queue fills up.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=keep_top(EXPORTS_FAILED, peak(EXPORTS_FAILED)),
                        legend="{{job}}",
                    ),
                ),
                soft_max=1,
                scale=thresholds.EXPORTS_FAILED,
                no_value="no export",
                overrides=colors.SERVICES,
            ),
        ),
    ),
)

COMPLETENESS: Final = Row(
    title="Completeness of traces",
    lines=(
        (
            TimeSeries(
                title=f"Spans per request, {TOP_SERVICES}",
                description="Spans started per served request. Zero with traffic means that "
                "tracing is disabled. A sudden rise means that a loop creates spans.",
                unit=Unit.COUNT,
                decimals=1,
                queries=(
                    Query(
                        expr=_top_services(SPANS_PER_REQUEST),
                        legend="{{job}}",
                    ),
                ),
                no_value="no traffic",
                overrides=colors.SERVICES,
            ),
            TimeSeries(
                title=f"Root spans, {TOP_SERVICES}",
                description="Share of spans without a parent. A high share is normal in services "
                "that clients call directly. In other services a rise means that a caller does "
                "not forward the trace context.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=_top_services(started_ratio('otel_span_parent_origin="none"')),
                        legend="{{job}}",
                    ),
                ),
                no_value="no spans",
                overrides=colors.SERVICES,
            ),
        ),
        (
            TimeSeries(
                title=f"Sampled, {TOP_SERVICES}",
                description="Share of spans that are recorded and exported. If two services have "
                "different shares, the traces that cross them are incomplete.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=_top_services(
                            started_ratio('otel_span_sampling_result="RECORD_AND_SAMPLE"')
                        ),
                        legend="{{job}}",
                    ),
                ),
                no_value="no spans",
                overrides=colors.SERVICES,
            ),
            TimeSeries(
                title="Errors of the instrumentation",
                description="Internal errors of the instrumentation, which do not affect requests, "
                "and events that exceed the limit of label sets. Anything but 0 is a bug or a "
                "label with too many values: read the log of the service.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            f"{conventions.SIGHTLINE_INTERNAL_ERRORS}_total", by=()
                        ),
                        legend="errors",
                    ),
                    Query(
                        expr=PROCESSES.rate(
                            f"{conventions.SIGHTLINE_LABEL_SETS_OVERFLOWED}_total", by=()
                        ),
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
                title=f"Duration of scrapes, {TOP}",
                description="Time that each target takes to return its metrics. Near the scrape "
                "timeout samples are lost, because the target has too many series or its event "
                "loop is blocked.",
                unit=Unit.SECONDS,
                queries=_top_targets("scrape_duration_seconds"),
            ),
            TimeSeries(
                title=f"Series of each target, {TOP}",
                description="Samples that Prometheus keeps from each scrape. A steady rise means "
                "that a label has unbounded values. The table Metrics with most series below "
                "shows the metric.",
                unit=Unit.COUNT,
                queries=_top_targets("scrape_samples_post_metric_relabeling"),
                scale=thresholds.SERIES,
            ),
        ),
        (
            TimeSeries(
                title=f"New series, {TOP}",
                description="Series that each scrape returned for the first time. Regular peaks "
                "mean that a label has a new value in each scrape, such as an id, a time or an "
                "address.",
                unit=Unit.COUNT,
                queries=_top_targets("scrape_series_added"),
            ),
            TimeSeries(
                title="Exemplars stored",
                description="Samples with a trace id that Prometheus stores per second. Zero with "
                "traffic means that panels have no dots that link to traces: check that exemplar "
                "storage is enabled in Prometheus.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=f"sum(rate(prometheus_tsdb_exemplar_exemplars_appended_total[{RATE_INTERVAL}]))",
                        legend="stored",
                    ),
                ),
            ),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.TELEMETRY,
    variables=(
        variables.PROMETHEUS,
        *variables.PLACES,
        variables.JOBS,
        variables.INSTANCES,
        *variables.COUNTED_INSTRUMENTED,
        *variables.COUNTED_PROCESSES,
    ),
    rows=(FUNNEL, EXPORT, COMPLETENESS, SCRAPES, CARDINALITY),
)
