"""Telemetry's own health, by conservation: requests, spans started, exported, accepted, stored."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import increase
from sightline.mixin.rules import services
from sightline.mixin.rules import telemetry as rules
from sightline.mixin.text import PER_SECOND, listed, single

_LOST: Final = 'otel_sdk_processor_span_processed_total{error_type!=""}'

DROPPED: Final = Alert(
    name="SpansDropped",
    signal="sum by (job, instance, error_type) (\n"
    f"  increase({_LOST}[5m]) > 0\n"
    f"  or\n  ({_LOST} unless {_LOST} offset 5m)\n)",
    threshold=Threshold(operator=">", value=0),
    hold="0s",
    keep="5m",
    why="Every dropped span is a hole in some trace. The second half sees a counter whose first "
    "scraped value is above 0 already, which increase() does not.",
    severity="warning",
    summary="{{ $labels.job }} drops spans: {{ $labels.error_type }}.",
    description='{{ $labels.instance }} lost {{ $value | printf "%.0f" }} spans before export. '
    "Export calls that fail: "
    + single(f'{rules.EXPORTS_FAILED}{{job="%s"}}', "job", spelt="humanizePercentage")
    + ". If many, mend the way to the collector; if few, sample less or raise the queue.",
    dashboard="telemetry",
)

QUEUE: Final = Alert(
    name="SpanQueueNearlyFull",
    signal="otel_sdk_processor_queue_used_bytes\n/\n(otel_sdk_processor_queue_limit_bytes > 0)",
    threshold=Threshold(operator=">", value=0.8),
    hold="2m",
    keep="2m",
    why="The next thing that happens is SpansDropped; two minutes let one slow export pass.",
    severity="warning",
    summary="The span queue of {{ $labels.job }} is {{ $value | humanizePercentage }} full.",
    description="{{ $labels.instance }} ends spans faster than they are exported. Failing export "
    "calls: "
    + single(f'{rules.EXPORTS_FAILED}{{job="%s"}}', "job", spelt="humanizePercentage")
    + ".",
    dashboard="telemetry",
)

EXPORT: Final = Alert(
    name="SpanExportFailing",
    signal=rules.EXPORTS_FAILED,
    threshold=Threshold(operator=">", value=0.2),
    hold="5m",
    keep="5m",
    why="Export calls, not spans: an exporter that retries through an outage ends no span, so only "
    "its calls show the outage. A fifth leaves room for retried accidents.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of the span exports of {{ $labels.job }} fail.",
    description="By kind: "
    + listed(
        "sum by (error_type) (rate(otel_sdk_exporter_operation_duration_seconds_count"
        '{job="%s", error_type!=""}[5m])) > 0',
        "job",
        item='{{ .Labels.error_type }} ({{ .Value | printf "%.2f" }}/s)',
        otherwise="none at this moment",
    )
    + ". Spans wait in the queue meanwhile; they are lost when it is full.",
    dashboard="telemetry",
)

MISSING: Final = Alert(
    name="TracesMissing",
    signal=services.REQUESTS,
    threshold=Threshold(operator=">", value=0.1),
    gate=f"and on (job) app_build_info\nunless on (job) {rules.STARTED} > 0",
    hold="10m",
    keep="0s",
    why="Metrics without traces: the instrumentation is half there. Only services that carry ours; "
    "Jaeger counts requests under the same name. Spans count as started whether sampled or not, so "
    "a low sampling ratio does not alert.",
    severity="warning",
    summary="{{ $labels.job }} serves requests but starts no spans.",
    description='It serves {{ $value | printf "%.2f" }} requests/s. OTEL_SDK_DISABLED is set, or '
    "the application was built before instrument() was called.",
    dashboard="telemetry",
)

IN_TRANSIT: Final = Alert(
    name="SpansLostInTransit",
    signal="1 - sum(rate(otelcol_receiver_accepted_spans_total[10m]))\n/\n"
    '(sum(rate(otel_sdk_exporter_span_exported_total{error_type=""}[10m])) > 0)',
    threshold=Threshold(operator=">", value=0.05),
    hold="15m",
    keep="5m",
    why="What services delivered must equal what Jaeger accepted; 5 % and a quarter of an hour "
    "allow for scrapes at different moments and a restart of either side.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of delivered spans never reach Jaeger.",
    description="Something between the services and Jaeger takes spans and loses them, or a "
    "service exports elsewhere. Delivered by service: "
    + listed(
        f"topk(5, {rules.DELIVERED} > 0)",
        item='{{ .Labels.job }} ({{ .Value | printf "%.2f" }}/s)',
        otherwise="none at this moment",
    )
    + ".",
    dashboard="telemetry",
    variables=(),
)

INTERNAL: Final = Alert(
    name="InstrumentationFailing",
    signal=increase(
        "sightline_internal_errors_total", by=("job", "instance", "operation"), window="15m"
    ),
    threshold=Threshold(operator=">", value=0),
    hold="0s",
    keep="15m",
    why="The service did not notice, so nobody else will; one is a bug of ours. Kept, for it jumps "
    "once.",
    severity="warning",
    summary="The instrumentation of {{ $labels.job }} fails in {{ $labels.operation }}.",
    description='{{ $labels.instance }} hid {{ $value | printf "%.0f" }} failures from its users. '
    "The log holds the first one with its traceback: please report it.",
    dashboard="telemetry",
)

OVERFLOW: Final = Alert(
    name="MetricLabelsOverflowing",
    signal=increase("sightline_label_sets_overflowed_total", by=("job", "metric"), window="15m"),
    threshold=Threshold(operator=">", value=0),
    hold="0s",
    keep="15m",
    why="From the first event on, the metric lies by lumping label sets together.",
    severity="warning",
    summary="{{ $labels.metric }} of {{ $labels.job }} has too many label sets.",
    description='{{ $value | printf "%.0f" }} events went to the label value __overflow__. Some '
    "label takes its values from requests: a raw path, an id, a host name.",
    dashboard="telemetry",
)

CARDINALITY: Final = Alert(
    name="MetricCardinalityHigh",
    signal="scrape_samples_post_metric_relabeling",
    threshold=Threshold(operator=">", value=5000),
    hold="10m",
    keep="0s",
    why="A service of ours exposes a few hundred series; at 5000 it costs more than it tells. Ten "
    "minutes, so that a deploy can be rolled back before it alerts.",
    severity="warning",
    summary="{{ $labels.job }} exposes {{ $value }} series.",
    description="{{ $labels.instance }}. Largest metrics: "
    + listed(
        'topk(3, count by (__name__) ({job="%s", instance="%s"}))',
        "job",
        "instance",
        item="{{ .Labels.__name__ }} ({{ .Value }})",
        otherwise="unknown",
    )
    + ".",
    dashboard="telemetry",
)

EXEMPLARS: Final = Alert(
    name="ExemplarsMissing",
    signal="rate(prometheus_tsdb_exemplar_exemplars_appended_total[15m])",
    threshold=Threshold(operator="==", value=0),
    gate=f"and on () sum({services.REQUESTS}) > 0.1",
    hold="15m",
    keep="0s",
    why="The jump from a graph to a trace is gone, and nothing else is: worth a note.",
    severity="info",
    summary="Prometheus stores no exemplars although services serve requests.",
    description="Exemplar storage is off, or scrapes do not ask for OpenMetrics. Sampled spans "
    "started now: "
    + single(
        queries.spans_started(
            by=(), where='otel_span_sampling_result="RECORD_AND_SAMPLE"', window="15m"
        ),
        spelt=PER_SECOND,
    )
    + "/s.",
    dashboard="telemetry",
    variables=(),
)

TELEMETRY: Final = Group(
    name="telemetry.alerts",
    rules=(
        *(DROPPED, QUEUE, EXPORT, MISSING, IN_TRANSIT),
        *(INTERNAL, OVERFLOW, CARDINALITY, EXEMPLARS),
    ),
)
