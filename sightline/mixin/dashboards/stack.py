"""Do Prometheus, Alertmanager and Jaeger themselves work?"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards import frame, limits, looks
from sightline.mixin.dashboards.selection import PROCESSES as PARTS
from sightline.mixin.dashboards.selection import STEP, or_nothing, some
from sightline.mixin.grafana.board import Dashboard, Row
from sightline.mixin.grafana.charts import TimeSeries
from sightline.mixin.grafana.fields import reference_line, rising_scale
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.variables import LabelValues
from sightline.mixin.grafana.vocabulary import Color, Unit

JOBS: Final = LabelValues(
    name="job",
    label="Job",
    query="label_values(up, job)",
    regex="/.*(prometheus|alertmanager|jaeger|collector|grafana).*/",
)
"""What is not a service of ours, by the names that everybody gives them."""

INSTANCES: Final = LabelValues(
    name="instance", label="Instance", query='label_values(up{job=~"$job"}, instance)'
)


def _apart(series: str) -> tuple[Query, ...]:
    """*series* without the services: "All" jobs means every job there is."""
    others = f"{series}\nunless on (job, instance) {PARTS.series('app_build_info')}"
    return (Query(expr=others, legend="{{job}}"),)


NOW: Final = Row(
    title="Now",
    lines=(
        (
            Stat(
                title="Targets down",
                description="Targets of any kind that do not answer Prometheus. "
                "Anything but 0: its Status, Targets page says why.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=or_nothing("count(up == 0)")),),
                scale=limits.ANY,
            ),
            Stat(
                title="Prometheus configuration",
                description="Whether the last reload worked. "
                "If not, it runs on the old one; see its log for the line.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr=f"min({PARTS.series('prometheus_config_last_reload_successful')})"
                    ),
                ),
                mappings=looks.LOADED,
                scale=limits.WORKS,
            ),
            Stat(
                title="Alertmanager configuration",
                description="Whether the last reload worked. "
                "If not, it runs on the old one; see its log for the line.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr=f"min({PARTS.series('alertmanager_config_last_reload_successful')})"
                    ),
                ),
                mappings=looks.LOADED,
                scale=limits.WORKS,
            ),
            Stat(
                title="Watchdog heard",
                description="Time since the alert that always fires last reached its receiver. "
                "Minutes: no alert reaches anybody.",
                unit=Unit.SECONDS,
                queries=(InstantQuery(expr="time() - max(alert_watchdog_timestamp_seconds > 0)"),),
                scale=limits.WATCHDOG,
                when_empty="not yet",
            ),
            Stat(
                title="Rule evaluations failed",
                description="Failures within the panel's step. Anything but 0: a rule is broken, "
                "and its alert silent.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr="sum(increase("
                        + PARTS.series("prometheus_rule_evaluation_failures_total")
                        + f"[{STEP}]))"
                    ),
                ),
                scale=limits.ANY,
            ),
            Stat(
                title="Notifications failed",
                description="Share of notifications that Alertmanager could not deliver. "
                "Red: somebody who should know does not.",
                unit=Unit.RATIO,
                queries=(
                    InstantQuery(
                        expr=queries.share(
                            PARTS.rate("alertmanager_notifications_failed_total", by=()),
                            PARTS.rate("alertmanager_notifications_total", by=()),
                        )
                    ),
                ),
                scale=limits.NOTIFICATIONS_FAILED,
                when_empty="none sent",
            ),
        ),
    ),
)

PROMETHEUS: Final = Row(
    title="Prometheus",
    lines=(
        (
            TimeSeries(
                title="Series in memory",
                description="Active series. A ramp without new services is a label that explodes.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PARTS.sum("prometheus_tsdb_head_series", by=("instance",)),
                        legend="{{instance}}",
                    ),
                ),
            ),
            TimeSeries(
                title="Samples taken in",
                description="Samples appended. A fall: targets are lost, or scrapes time out.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PARTS.rate(
                            "prometheus_tsdb_head_samples_appended_total", by=("instance",)
                        ),
                        legend="{{instance}}",
                    ),
                ),
            ),
            TimeSeries(
                title="Rule groups, share of their interval",
                description="How much of its interval each group needs. "
                "At 100 % evaluations are skipped and alerts come late.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=f"max by (rule_group) (label_replace(\n"
                        f"  {PARTS.series('prometheus_rule_group_last_duration_seconds')}\n"
                        f"  / {PARTS.series('prometheus_rule_group_interval_seconds')},\n"
                        '  "rule_group", "$1", "rule_group", ".*;(.*)"\n))',
                        legend="{{rule_group}}",
                    ),
                ),
                scale=rising_scale(warning=0.5, bad=1),
            ),
        ),
        (
            TimeSeries(
                title="Duration of queries, p90",
                description="Nine of ten queries are faster, by phase. "
                "Slow evaluation: a dashboard asks too much; slow queue: too many ask at once.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=some(
                            PARTS.also('quantile="0.9"').max(
                                "prometheus_engine_query_duration_seconds", by=("slice",)
                            )
                        ),
                        legend="{{slice}}",
                    ),
                ),
            ),
            TimeSeries(
                title="Bytes on disk",
                description="Blocks on disk, and the dashed limit of prometheus.flags. "
                "A ramp that reaches it cuts history short.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=f"sum({PARTS.series('prometheus_tsdb_storage_blocks_bytes')})",
                        legend="blocks",
                    ),
                    Query(
                        expr=f"sum({PARTS.series('prometheus_tsdb_retention_limit_bytes')} > 0)",
                        legend="limit",
                    ),
                ),
                overrides=(reference_line("limit", Color.BAD),),
            ),
            TimeSeries(
                title="Alerts on their way to Alertmanager",
                description="Share of the queue in use, and alerts dropped a second. "
                "Anything dropped is an alert that nobody hears.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=f"max({PARTS.series('prometheus_notifications_queue_length')}\n"
                        f"/ {PARTS.series('prometheus_notifications_queue_capacity')})",
                        legend="queue",
                    ),
                ),
                scale=rising_scale(warning=0.5, bad=0.9),
            ),
        ),
    ),
)

ALERTMANAGER: Final = Row(
    title="Alertmanager",
    lines=(
        (
            TimeSeries(
                title="Alerts by state",
                description="Alerts that it holds. "
                "All suppressed while something burns: an inhibition or a silence is too wide.",
                unit=Unit.COUNT,
                queries=(
                    Query(expr=PARTS.sum("alertmanager_alerts", by=("state",)), legend="{{state}}"),
                ),
            ),
            TimeSeries(
                title="Notifications",
                description="Notifications sent, by way, where there were any. "
                "A storm is missing grouping.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PARTS.rate("alertmanager_notifications_total", by=("integration",))
                        + "\nand on (integration)\nsum by (integration) (increase("
                        + PARTS.series("alertmanager_notifications_total")
                        + "[$__range])) > 0",
                        legend="{{integration}}",
                    ),
                ),
                when_empty="none sent",
            ),
            TimeSeries(
                title="Heard by the inbox",
                description="Notifications that reached control, by state. "
                "None while Notifications beside shows some: they go elsewhere, or get lost.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=f"sum by (status) (rate(alert_notifications_received_total[{STEP}]))",
                        legend="{{status}}",
                    ),
                ),
                when_empty="none received",
            ),
            TimeSeries(
                title="Silences",
                description="Silences by state. "
                "An active one that nobody remembers hides the next outage.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PARTS.sum("alertmanager_silences", by=("state",)), legend="{{state}}"
                    ),
                ),
            ),
        ),
    ),
)

JAEGER: Final = Row(
    title="Jaeger",
    lines=(
        (
            TimeSeries(
                title="Spans accepted, refused, stored",
                description="Accepted and stored lie on each other in health. "
                "Refused above 0: its memory limit or its storage.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PARTS.rate("otelcol_receiver_accepted_spans_total", by=()),
                        legend="accepted",
                    ),
                    Query(
                        expr=PARTS.rate("otelcol_exporter_sent_spans_total", by=()),
                        legend="stored",
                    ),
                    Query(
                        expr=or_nothing(PARTS.rate("otelcol_receiver_refused_spans_total", by=())),
                        legend="refused",
                    ),
                ),
            ),
            TimeSeries(
                title="Duration of storage reads, p95",
                description="19 of 20 reads are faster, by operation. "
                "Slow searches: too many traces kept, or too wide a search.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PARTS.quantile(
                            0.95, "jaeger_storage_latency_seconds", by=("operation",)
                        ),
                        legend="{{operation}}",
                    ),
                ),
                when_empty="nobody asked",
            ),
            TimeSeries(
                title="Storage reads that failed",
                description="Reads that ended in an error, by operation; "
                "get_trace counts traces that do not exist. Others above 0: see its log.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PARTS.rate(
                            "jaeger_storage_requests_total",
                            by=("operation",),
                            where='result="err"',
                        ),
                        legend="{{operation}}",
                    ),
                ),
                when_empty="none",
            ),
        ),
    ),
)

PROCESSES: Final = Row(
    title="Their processes",
    lines=(
        (
            TimeSeries(
                title="CPU of the stack",
                description="Cores in use by each part. "
                "Watching should cost less than what is watched.",
                unit=Unit.COUNT,
                queries=_apart(PARTS.rate("process_cpu_seconds_total", by=queries.INSTANCE)),
            ),
            TimeSeries(
                title="Memory of the stack",
                description="Resident memory of each part. "
                "A ramp in Prometheus is series, in Jaeger traces kept in memory.",
                unit=Unit.BYTES,
                queries=_apart(PARTS.sum("process_resident_memory_bytes", by=queries.INSTANCE)),
            ),
            TimeSeries(
                title="Open files of the stack",
                description="File descriptors in use. A ramp is a connection that nobody closes.",
                unit=Unit.COUNT,
                queries=_apart(PARTS.sum("process_open_fds", by=queries.INSTANCE)),
            ),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="stack",
    title="Stack",
    description="Do Prometheus, Alertmanager and Jaeger themselves work?",
    tags=frame.TAGS,
    variables=(frame.PROMETHEUS, JOBS, INSTANCES),
    annotations=frame.ANNOTATIONS,
    links=(frame.SIBLINGS,),
    rows=(NOW, PROMETHEUS, ALERTMANAGER, JAEGER, PROCESSES),
)
