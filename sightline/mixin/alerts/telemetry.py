"""Alerts on telemetry itself, by conservation: spans started, exported, accepted, stored."""

from typing import Final

from instrumentation import conventions
from sightline.mixin import queries
from sightline.mixin.config import RATE_WINDOW
from sightline.mixin.identity import CLUSTER, IDENTITY, SERVICE, on
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import increase
from sightline.mixin.rules import services
from sightline.mixin.rules import telemetry as rules
from sightline.mixin.text import PER_SECOND, first_value, list_of

_FAILED_EXPORTS: Final = first_value(
    f"{rules.EXPORTS_FAILED}{{{SERVICE}}}", "job", template="humanizePercentage"
)

DROPPED: Final = Alert(
    name="SpansDropped",
    signal=queries.events(
        f'{conventions.OTEL_SDK_PROCESSOR_SPAN_PROCESSED}_total{{error_type!=""}}',
        by=(*IDENTITY, "instance", "error_type"),
        comparable=queries.scraped_instances(),
    ),
    threshold=Threshold(operator=">", value=0),
    hold="0s",
    keep="5m",
    why="Every dropped span is a gap in a trace. The second half covers a counter whose first "
    "scraped value is above 0, which increase() misses, but not one that stood while Prometheus "
    "was away.",
    severity="warning",
    summary="{{ $labels.job }} drops spans: {{ $labels.error_type }}.",
    description='{{ $labels.instance }} dropped {{ $value | printf "%.0f" }} spans before export. '
    "Traces have gaps; users are not affected. Failed export calls: "
    f"{_FAILED_EXPORTS}. If many fail, fix the path to the collector first; if few fail, sample "
    "less or enlarge the queue.",
    dashboard="telemetry",
)

QUEUE: Final = Alert(
    name="SpanQueueNearlyFull",
    signal=f"{conventions.OTEL_SDK_PROCESSOR_QUEUE_USED_BYTES}\n/\n"
    f"({conventions.OTEL_SDK_PROCESSOR_QUEUE_LIMIT_BYTES} > 0)",
    threshold=Threshold(operator=">", value=0.8),
    hold="2m",
    keep="2m",
    why="SpansDropped comes next. Two minutes tolerate one slow export.",
    severity="warning",
    summary="The span queue of {{ $labels.job }} is {{ $value | humanizePercentage }} full.",
    description="{{ $labels.instance }} ends spans faster than it exports them. A full queue drops "
    "spans; users are not affected. Check first whether export calls fail. Failed export calls: "
    f"{_FAILED_EXPORTS}.",
    dashboard="telemetry",
)

EXPORT: Final = Alert(
    name="SpanExportFailing",
    signal=rules.EXPORTS_FAILED,
    threshold=Threshold(operator=">", value=0.2),
    hold="5m",
    keep="5m",
    why="Counts export calls rather than spans: an exporter that retries through an outage "
    "completes no span, so only its calls show the outage. A fifth tolerates single retries.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of the span exports of {{ $labels.job }} fail.",
    description="Spans wait in the queue and are lost when it is full; users are not affected. "
    "Check first whether the collector answers at the endpoint of the service. Errors by type: "
    + list_of(
        f"sum by (error_type) (rate({rules.EXPORT_COUNT}"
        f'{{{SERVICE}, error_type!=""}}[{RATE_WINDOW}])) > 0',
        "job",
        item='{{ .Labels.error_type }} ({{ .Value | printf "%.2f" }}/s)',
        default="none at this moment",
    )
    + ".",
    dashboard="telemetry",
)

MISSING: Final = Alert(
    name="TracesMissing",
    signal=services.REQUESTS,
    threshold=Threshold(operator=">", value=0.1),
    gate=f"and {on()} {rules.STARTED} == 0",
    hold="10m",
    keep="0s",
    why="Metrics without traces: the service is instrumented in part. Spans count as started "
    "whether sampled or not, so that a low sampling ratio does not alert. A service that sets its "
    "own tracer provider or disables the SDK does not have the counter, nor have other programs.",
    severity="warning",
    summary="{{ $labels.job }} serves requests but starts no spans.",
    description='It serves {{ $value | printf "%.2f" }} requests/s without traces; users are not '
    "affected. Check first whether the application was built before instrument() was called, then "
    "whether all of its requests are excluded from tracing.",
    dashboard="telemetry",
)

IN_TRANSIT: Final = Alert(
    name="SpansLostInTransit",
    signal=f"1 - {queries.spans_accepted(by=CLUSTER, where=queries.JAEGER, window='10m')}\n/\n"
    f"({queries.spans_delivered(by=CLUSTER, window='10m')} > 0)",
    threshold=Threshold(operator=">", value=0.05),
    hold="15m",
    keep="5m",
    why="The number of spans that services delivered and that Jaeger accepted must be equal. "
    "Collectors between them count every span again, so only Jaeger's own are read. 5 % and 15 "
    "minutes tolerate scrapes at different times and a restart of either side.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of delivered spans never reach Jaeger.",
    description="Traces have gaps; users are not affected. A collector or proxy between the "
    "services and Jaeger loses or samples spans, or a service exports elsewhere. Read the metrics "
    "of what is between them first. Delivered by service: "
    + list_of(
        f'topk(5, {rules.DELIVERED}{{cluster="%s"}} > 0)',
        "cluster",
        item='{{ .Labels.job }} ({{ .Value | printf "%.2f" }}/s)',
        default="none at this moment",
    )
    + ".",
    dashboard="telemetry",
    variables=(),
)

INTERNAL: Final = Alert(
    name="InstrumentationFailing",
    signal=increase(
        f"{conventions.SIGHTLINE_INTERNAL_ERRORS}_total",
        by=(*IDENTITY, "instance", "operation"),
        window="15m",
    ),
    threshold=Threshold(operator=">", value=0),
    hold="0s",
    keep="15m",
    why="The failure does not affect the service, so only this alert shows it; one is a defect of "
    "the library. keep_firing_for, because the counter rises once.",
    severity="warning",
    summary="The instrumentation of {{ $labels.job }} fails in {{ $labels.operation }}.",
    description='{{ $labels.instance }} had {{ $value | printf "%.0f" }} internal errors. Some '
    "telemetry is missing; users are not affected. The log contains the first error with its "
    "traceback; report it as a bug of Sightline.",
    dashboard="telemetry",
)

OVERFLOW: Final = Alert(
    name="MetricLabelsOverflowing",
    signal=increase(
        f"{conventions.SIGHTLINE_LABEL_SETS_OVERFLOWED}_total",
        by=(*IDENTITY, "metric"),
        window="15m",
    ),
    threshold=Threshold(operator=">", value=0),
    hold="0s",
    keep="15m",
    why="From the first event on, the metric merges different label sets into one.",
    severity="warning",
    summary="{{ $labels.metric }} of {{ $labels.job }} has too many label sets.",
    description='{{ $value | printf "%.0f" }} events were counted under the label value '
    "__overflow__, so dashboards and alerts cannot separate them; users are not affected. Find the "
    "label that takes its values from requests, such as a raw path, an id or a host name.",
    dashboard="telemetry",
)

CARDINALITY: Final = Alert(
    name="MetricCardinalityHigh",
    signal="scrape_samples_post_metric_relabeling",
    threshold=Threshold(operator=">", value=20000),
    gate=f"and {on('instance')} {queries.PYTHON}",
    hold="10m",
    keep="0s",
    why="A service with 50 routes that answered 200, 404 and 422 exposes 7000 series. At 20000 "
    "some label takes its values from requests. Limited to services with our library: "
    "kube-state-metrics has more by design. Ten minutes, so that a deploy can be rolled back "
    "before this alert fires.",
    severity="warning",
    summary="{{ $labels.job }} exposes {{ $value }} series.",
    description="{{ $labels.instance }} costs Prometheus memory and query time; users are not "
    "affected. Find the label with many values in the largest metrics first: "
    + list_of(
        f'topk(3, count by (__name__) ({{__name__=~".+", {SERVICE}, instance="%s"}}))',
        "job",
        "instance",
        item="{{ .Labels.__name__ }} ({{ .Value }})",
        default="unknown",
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
    why="Only the link from a panel to a trace is missing, so this is information.",
    severity="info",
    summary="Prometheus stores no exemplars although services serve requests.",
    description="Panels do not link to traces; users are not affected. Exemplar storage is "
    "disabled, or scrapes do not request OpenMetrics. Check the flags of Prometheus first. Sampled "
    "spans started now: "
    + first_value(
        queries.spans_started(
            by=(), where='otel_span_sampling_result="RECORD_AND_SAMPLE"', window="15m"
        ),
        template=PER_SECOND,
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
