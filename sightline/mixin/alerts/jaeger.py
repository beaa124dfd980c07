"""Alerts on Jaeger v2, or the trace store in its place, accepting and storing spans.

The rules read only metrics with the same name in Prometheus 2.42 and 3.x: ``otelcol_*`` and
``jaeger_storage_*``. Source: port 8888 of Jaeger 2.20.
"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.config import RATE_WINDOW
from sightline.mixin.identity import CLUSTER, IDENTITY, SERVICE
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.queries import rate, share
from sightline.mixin.rules import telemetry as rules
from sightline.mixin.text import PER_SECOND, first_value, list_of

_FAILURES: Final = "otelcol_exporter_send_failed_spans_total"
_ON_CLUSTER: Final = f"on ({', '.join(CLUSTER)})"
_ACCEPTED: Final = queries.spans_accepted(by=CLUSTER, where=queries.JAEGER)
_SENDERS: Final = list_of(
    f'topk(5, {rules.STARTED}{{cluster="%s"}} > 0)',
    "cluster",
    item='{{ .Labels.job }} ({{ .Value | printf "%.2f" }}/s)',
    default="none at this moment",
)

NOT_RECEIVING: Final = Alert(
    name="JaegerNotReceiving",
    signal=queries.spans_started(by=CLUSTER, where='otel_span_sampling_result="RECORD_AND_SAMPLE"'),
    threshold=Threshold(operator=">", value=0),
    gate=f"and {_ON_CLUSTER} up{{{queries.JAEGER}}}\nunless {_ON_CLUSTER} {_ACCEPTED} > 0",
    hold="5m",
    keep="0s",
    why="Services start sampled spans and none arrives. Only in a cluster where a Jaeger is "
    "scraped. Lost traces do not justify a page.",
    severity="warning",
    summary="Jaeger accepts no spans although services start some.",
    description="New traces are missing; users are not affected. Check first whether the exports "
    f"of the services fail or go to another endpoint. Spans started now: {_SENDERS}.",
    dashboard="telemetry",
    variables=(),
)

REFUSING: Final = Alert(
    name="JaegerRefusingSpans",
    signal=queries.spans_refused(by=(*IDENTITY, "receiver", "transport"), where=queries.JAEGER),
    threshold=Threshold(operator=">", value=0),
    hold="5m",
    keep="5m",
    why="Services retry a refused batch, so a short refusal loses nothing. After five minutes the "
    "queues of the services fill.",
    severity="warning",
    summary="Jaeger refuses spans over {{ $labels.transport }}.",
    description="Traces arrive late and are lost once the queues of the services are full; users "
    "are not affected. The cause is its memory limiter, its storage or a full queue. Refused: "
    '{{ $value | printf "%.2f" }}/s; accepted: '
    + first_value(queries.spans_accepted(where=SERVICE), "job", template=PER_SECOND)
    + "/s; failed writes to storage: "
    + first_value(
        queries.rate(_FAILURES, by=(), where=SERVICE), "job", template=PER_SECOND, default="0"
    )
    + "/s.",
    dashboard="stack",
    variables=(),
)

STORAGE: Final = Alert(
    name="JaegerStorageFailing",
    signal=queries.events(
        f"{_FAILURES}{{{queries.JAEGER_STORAGE}}}",
        by=(*IDENTITY, "exporter"),
        comparable=queries.scraped_instances(),
    ),
    threshold=Threshold(operator=">", value=0),
    hold="1m",
    keep="5m",
    why="The counter is absent until the first failure, so its first value counts. Limited to the "
    "exporter to Jaeger's storage: other collectors have the same counter. One minute, because "
    "services retry a failed write.",
    severity="warning",
    summary="Jaeger cannot store spans.",
    description='{{ $labels.exporter }} failed to write {{ $value | printf "%.0f" }} spans. '
    "Services keep spans until their queues are full, then traces are lost; users are not "
    "affected. Check the disk of the storage first, then whether the storage answers.",
    dashboard="stack",
    variables=(),
)

NOT_STORING: Final = Alert(
    name="JaegerNotStoring",
    signal=_ACCEPTED,
    threshold=Threshold(operator=">", value=0),
    gate=f"unless {_ON_CLUSTER} "
    f"{queries.spans_stored(by=CLUSTER, where=queries.JAEGER_STORAGE)} > 0",
    hold="5m",
    keep="0s",
    why="Accepted spans must be stored. Tail sampling stores fewer of them, but never none for "
    "minutes.",
    severity="warning",
    summary="Jaeger accepts spans and stores none.",
    description="New traces cannot be found; users are not affected. Spans are stuck in the "
    "pipeline of Jaeger or are dropped by tail sampling. Read its log first, then the policies of "
    "tail sampling.",
    dashboard="stack",
    variables=(),
)

_READS: Final = "jaeger_storage_requests_total"

QUERIES: Final = Alert(
    name="JaegerQueriesFailing",
    signal=share(
        rate(_READS, by=(*IDENTITY, "operation"), where='result="err", operation!="get_trace"'),
        rate(_READS, by=(*IDENTITY, "operation")),
    ),
    threshold=Threshold(operator=">", value=0.05),
    hold="5m",
    keep="5m",
    why="Reads are few, so one failure may be all of them; over five minutes a second one is "
    "needed. Excludes get_trace, which counts every unknown trace id as an error.",
    severity="warning",
    summary="{{ $value | humanizePercentage }} of Jaeger's {{ $labels.operation }} reads fail.",
    description="Searches in Jaeger and Grafana are empty or fail; users are not affected. Check "
    "whether the storage answers. The 99th percentile of these reads is "
    + first_value(
        "histogram_quantile(0.99, sum by (le) (rate(jaeger_storage_latency_seconds_bucket"
        f'{{{SERVICE}, operation="%s"}}[{RATE_WINDOW}])))',
        "job",
        "operation",
        template="humanizeDuration",
    )
    + ".",
    dashboard="stack",
    variables=(),
)

JAEGER: Final = Group(
    name="jaeger.alerts", rules=(NOT_RECEIVING, REFUSING, STORAGE, NOT_STORING, QUERIES)
)
