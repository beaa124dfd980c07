"""Jaeger v2, or the trace store that stands in for it, takes spans and keeps them.

Only metrics that have the same name in Prometheus 2.42 and 3.x: ``otelcol_*`` and
``jaeger_storage_*``. Source: facts of Jaeger 2.20, recorded from its port 8888.
"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import rate, share
from sightline.mixin.rules import telemetry as rules
from sightline.mixin.text import PER_SECOND, listed, single

_FAILED: Final = "otelcol_exporter_send_failed_spans_total"
_SENDERS: Final = listed(
    f"topk(5, {rules.STARTED} > 0)",
    item='{{ .Labels.job }} ({{ .Value | printf "%.2f" }}/s)',
    otherwise="none at this moment",
)

NOT_RECEIVING: Final = Alert(
    name="JaegerNotReceiving",
    signal=queries.spans_started(by=(), where='otel_span_sampling_result="RECORD_AND_SAMPLE"'),
    threshold=Threshold(operator=">", value=0),
    gate='and on () group(up{job="jaeger"})\n'
    "unless on () sum(rate(otelcol_receiver_accepted_spans_total[5m])) > 0",
    hold="5m",
    keep="0s",
    why="Sampled spans are started and none arrives. Only where a Jaeger is scraped; lost traces "
    "wake nobody.",
    severity="warning",
    summary="Jaeger accepts no spans although services start some.",
    description=f"Nothing arrives on its OTLP ports. Spans started now: {_SENDERS}.",
    dashboard="telemetry",
    variables=(),
)

REFUSING: Final = Alert(
    name="JaegerRefusingSpans",
    signal=queries.spans_refused(by=("job", "receiver", "transport")),
    threshold=Threshold(operator=">", value=0),
    hold="5m",
    keep="5m",
    why="A refusal is retried, so a moment of it loses nothing; five minutes fill the queues of "
    "the services.",
    severity="warning",
    summary="Jaeger refuses spans over {{ $labels.transport }}.",
    description="Its memory limiter, its storage or a full queue says no. "
    'Refused: {{ $value | printf "%.2f" }}/s; accepted meanwhile: '
    + single(queries.spans_accepted(), spelt=PER_SECOND)
    + "/s; failures of storage: "
    + single(f"sum(rate({_FAILED}[5m]))", spelt=PER_SECOND, otherwise="0")
    + "/s.",
    dashboard="stack",
    variables=(),
)

STORAGE: Final = Alert(
    name="JaegerStorageFailing",
    signal="sum by (job, exporter) (\n"
    f"  increase({_FAILED}[5m]) > 0\n  or\n  ({_FAILED} unless {_FAILED} offset 5m)\n)",
    threshold=Threshold(operator=">", value=0),
    hold="1m",
    keep="5m",
    why="The counter is absent until the first failure, and its first value counts. A minute, for "
    "a failed write is retried once by the services.",
    severity="warning",
    summary="Jaeger cannot store spans.",
    description='{{ $labels.exporter }} failed on {{ $value | printf "%.0f" }} spans. Disk full, '
    "or the storage is away; services keep the spans until their queues are full.",
    dashboard="stack",
    variables=(),
)

NOT_STORING: Final = Alert(
    name="JaegerNotStoring",
    signal=queries.spans_accepted(),
    threshold=Threshold(operator=">", value=0),
    gate="unless on () sum(rate(otelcol_exporter_sent_spans_total[5m])) > 0",
    hold="5m",
    keep="0s",
    why="Accepted must become stored; tail sampling stores fewer, never none for minutes.",
    severity="warning",
    summary="Jaeger accepts spans and stores none.",
    description="They pile up in its pipeline or are sampled away. Look at its log and at the "
    "policies of tail sampling.",
    dashboard="stack",
    variables=(),
)

_READS: Final = "jaeger_storage_requests_total"

QUERIES: Final = Alert(
    name="JaegerQueriesFailing",
    signal=share(
        rate(_READS, by=("job", "operation"), where='result="err", operation!="get_trace"'),
        rate(_READS, by=("job", "operation")),
    ),
    threshold=Threshold(operator=">", value=0.05),
    hold="5m",
    keep="5m",
    why="Reads are few, so one failure may be all of them; five minutes ask for a second. Without "
    "get_trace, which counts every unknown trace id as an error.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of Jaeger's {{ $labels.operation }} reads fail.",
    description="Searches in Jaeger and Grafana come back empty or with an error. Its 99th "
    "percentile takes "
    + single(
        "histogram_quantile(0.99, sum by (le) (rate(jaeger_storage_latency_seconds_bucket"
        '{job="%s", operation="%s"}[5m])))',
        "job",
        "operation",
        spelt="humanizeDuration",
    )
    + ".",
    dashboard="stack",
    variables=(),
)

JAEGER: Final = Group(
    name="jaeger.alerts", rules=(NOT_RECEIVING, REFUSING, STORAGE, NOT_STORING, QUERIES)
)
