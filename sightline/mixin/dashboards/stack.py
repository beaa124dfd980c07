"""Dashboard Stack: health of Prometheus, Alertmanager and Jaeger."""

from dataclasses import replace
from typing import Final

from instrumentation import service_metrics
from sightline.mixin import dashboard_list, queries
from sightline.mixin.dashboards import colors, saturation, thresholds, variables
from sightline.mixin.dashboards.base import create_dashboard
from sightline.mixin.dashboards.rule_groups import RULE_GROUPS
from sightline.mixin.dashboards.selection import (
    INSTANCE,
    PLACES,
    PROCESSES,
    RATE_INTERVAL,
    SELECTED_PLACES,
    SELECTED_SERVICES,
    build_info,
    default_to_zero,
    drop_nan,
    labels,
)
from sightline.mixin.grafana.dashboard import Row
from sightline.mixin.grafana.fields import reference_line, rising_scale
from sightline.mixin.grafana.panels import Stat
from sightline.mixin.grafana.schema import Color, Unit
from sightline.mixin.grafana.targets import InstantQuery, Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.grafana.variables import LabelValues

STACK_JOBS: Final = ".*(prometheus|alertmanager|jaeger|collector|grafana).*"
"""Pattern of the programs of the stack, by their usual job names."""

JOBS: Final = LabelValues(
    name="job",
    label="Job",
    query=f"label_values(up{{{SELECTED_PLACES}}}, job)",
    regex=f"/{STACK_JOBS}/",
    all_value=STACK_JOBS,
)
INSTANCES: Final = LabelValues(
    name="instance", label="Instance", query=f"label_values(up{{{SELECTED_SERVICES}}}, instance)"
)


def _without_services(series: str) -> tuple[Query, ...]:
    """Return a query for *series* without instrumented services, because All selects every job."""
    others = f"{series}\nunless on ({labels(INSTANCE)}) {build_info(PROCESSES)}"
    return (Query(expr=others, legend="{{job}}"),)


def _reload_result(program: str, gauge: str) -> Stat:
    return Stat(
        title=f"{program} reload",
        description="Result of the last reload of the configuration. If it was refused, "
        f"{program} still uses the previous configuration, and its log names the invalid line.",
        unit=Unit.COUNT,
        queries=(InstantQuery(expr=f"min({PROCESSES.select(gauge)})"),),
        mappings=colors.RELOAD_RESULTS,
        scale=thresholds.ZERO_IS_BAD,
    )


NOW: Final = Row(
    title="Now",
    lines=(
        (
            Stat(
                title="Targets down",
                description="Number of targets that Prometheus cannot scrape. If it is not 0, the "
                "page Status, Targets of Prometheus shows the error of each target.",
                unit=Unit.COUNT,
                queries=(InstantQuery(expr=default_to_zero(f"count({PLACES.select('up')} == 0)")),),
                scale=thresholds.ONE_IS_BAD,
            ),
            _reload_result("Prometheus", "prometheus_config_last_reload_successful"),
            _reload_result("Alertmanager", "alertmanager_config_last_reload_successful"),
        ),
        (
            Stat(
                title="Since the last Watchdog",
                description="Time since a receiver last got the Watchdog alert, which always "
                "fires. If it is several minutes, alerts do not reach anyone.",
                unit=Unit.SECONDS,
                queries=(
                    InstantQuery(
                        expr=f"time() - max({service_metrics.ALERT_WATCHDOG_TIMESTAMP_SECONDS} > 0)"
                    ),
                ),
                scale=thresholds.WATCHDOG,
                no_value="not received",
            ),
            Stat(
                title="Rule evaluations failed",
                description="Failed rule evaluations in each step of the panel. Anything but 0 "
                "means that a rule is invalid, and its alert cannot fire. The log of Prometheus "
                "names the rule.",
                unit=Unit.COUNT,
                queries=(
                    InstantQuery(
                        expr="sum(increase("
                        + PROCESSES.select("prometheus_rule_evaluation_failures_total")
                        + f"[{RATE_INTERVAL}]))"
                    ),
                ),
                scale=thresholds.ONE_IS_BAD,
            ),
            Stat(
                title="Notifications failed",
                description="Share of notifications that Alertmanager could not deliver. Red means "
                "that people do not receive alerts. The log of Alertmanager contains the error.",
                unit=Unit.RATIO,
                queries=(
                    InstantQuery(
                        expr=queries.share(
                            PROCESSES.rate("alertmanager_notifications_failed_total", by=()),
                            PROCESSES.rate("alertmanager_notifications_total", by=()),
                        )
                    ),
                ),
                scale=replace(thresholds.NOTIFICATIONS_FAILED, below=Color.NEUTRAL),
                no_value="none sent",
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
                description="Active series in Prometheus. A steady rise without new services means "
                "that a label has too many values.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum("prometheus_tsdb_head_series", by=("instance",)),
                        legend="{{instance}}",
                    ),
                ),
            ),
            TimeSeries(
                title="Samples ingested",
                description="Samples that Prometheus stores per second. A drop means that targets "
                "are down or that scrapes time out.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            "prometheus_tsdb_head_samples_appended_total", by=("instance",)
                        ),
                        legend="{{instance}}",
                    ),
                ),
            ),
            RULE_GROUPS,
        ),
        (
            TimeSeries(
                title="Duration of queries, p90",
                description="Duration that 10 % of queries exceed, by phase. Slow evaluation means "
                "that a dashboard sends expensive queries. A slow queue means that too many "
                "queries run at once.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=drop_nan(
                            PROCESSES.narrow('quantile="0.9"').max(
                                "prometheus_engine_query_duration_seconds", by=("slice",)
                            )
                        ),
                        legend="{{slice}}",
                    ),
                ),
            ),
            TimeSeries(
                title="Bytes on disk",
                description="Size of the blocks on disk. The dashed line is the limit in "
                "prometheus.flags. If the curve reaches the limit, Prometheus deletes the oldest "
                "data before its retention time.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=f"sum({PROCESSES.select('prometheus_tsdb_storage_blocks_bytes')})",
                        legend="blocks",
                    ),
                    Query(
                        expr="sum("
                        + PROCESSES.select("prometheus_tsdb_retention_limit_bytes")
                        + " > 0)",
                        legend="limit",
                    ),
                ),
                overrides=(reference_line("limit", Color.BAD),),
            ),
            TimeSeries(
                title="Queue for Alertmanager",
                description="Share of the queue of alerts for Alertmanager that is in use. At 100 "
                "% Prometheus drops alerts, and no one is notified of them.",
                unit=Unit.RATIO,
                queries=(
                    Query(
                        expr=f"max({PROCESSES.select('prometheus_notifications_queue_length')}\n"
                        f"/ {PROCESSES.select('prometheus_notifications_queue_capacity')})",
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
                description="Alerts in Alertmanager, by state. If all alerts are suppressed during "
                "an incident, an inhibition rule or a silence is too broad.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum("alertmanager_alerts", by=("state",)), legend="{{state}}"
                    ),
                ),
            ),
            TimeSeries(
                title="Notifications",
                description="Notifications that Alertmanager sends per second, by integration, for "
                "integrations with any notification in the selected time range. A sudden peak "
                "means that alerts are not grouped.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate("alertmanager_notifications_total", by=("integration",))
                        + "\nand on (integration)\nsum by (integration) (increase("
                        + PROCESSES.select("alertmanager_notifications_total")
                        + "[$__range])) > 0",
                        legend="{{integration}}",
                    ),
                ),
                no_value="none sent",
            ),
            TimeSeries(
                title="Received",
                description="Notifications per second that the control service received, by state. "
                "Zero while the panel Notifications shows some means that they go to another "
                "receiver or are lost.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=queries.rate(
                            f"{service_metrics.ALERT_NOTIFICATIONS_RECEIVED}_total",
                            by=("status",),
                            window=RATE_INTERVAL,
                        ),
                        legend="{{status}}",
                    ),
                ),
                no_value="none received",
            ),
            TimeSeries(
                title="Silences",
                description="Silences in Alertmanager, by state. A forgotten active silence hides "
                "the next outage: remove those that are no longer needed.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=PROCESSES.sum("alertmanager_silences", by=("state",)),
                        legend="{{state}}",
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
                title="Accepted, refused, stored",
                description="Spans per second that Jaeger accepts, refuses and stores. Accepted "
                "and stored coincide if Jaeger is healthy. If spans are refused, Jaeger has "
                "reached its memory limit or its storage fails.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.query(queries.spans_accepted, by=()),
                        legend="accepted",
                    ),
                    Query(
                        expr=PROCESSES.query(queries.spans_stored, by=()),
                        legend="stored",
                    ),
                    Query(
                        expr=default_to_zero(PROCESSES.query(queries.spans_refused, by=())),
                        legend="refused",
                    ),
                ),
            ),
            TimeSeries(
                title="Storage reads, p95",
                description="Duration that 5 % of reads from Jaeger's storage exceed, by "
                "operation. Slow searches mean that too many traces are stored or that the search "
                "covers too much.",
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=PROCESSES.quantile(
                            0.95, "jaeger_storage_latency_seconds", by=("operation",)
                        ),
                        legend="{{operation}}",
                    ),
                ),
                no_value="no reads",
            ),
            TimeSeries(
                title="Storage reads that failed",
                description="Failed reads from Jaeger's storage per second, by operation. "
                "get_trace includes requests for traces that do not exist. If another operation "
                "fails, read the log of Jaeger.",
                unit=Unit.EVENTS_PER_SECOND,
                queries=(
                    Query(
                        expr=PROCESSES.rate(
                            "jaeger_storage_requests_total",
                            by=("operation",),
                            where='result="err"',
                        ),
                        legend="{{operation}}",
                    ),
                ),
                no_value="no failure",
            ),
        ),
    ),
)

STACK_PROCESSES: Final = Row(
    title="Processes",
    lines=(
        (
            TimeSeries(
                title="CPU of the stack",
                description="CPU cores in use by Prometheus, Alertmanager, Jaeger and Grafana. If "
                "they use more than the services that they observe, reduce series, traces or "
                "queries.",
                unit=Unit.COUNT,
                queries=_without_services(saturation.cores()),
            ),
            TimeSeries(
                title="Memory of the stack",
                description="Resident memory of Prometheus, Alertmanager, Jaeger and Grafana. A "
                "steady rise means more series in Prometheus, or more traces in the memory of "
                "Jaeger.",
                unit=Unit.BYTES,
                queries=_without_services(saturation.memory()),
            ),
            TimeSeries(
                title="Open files of the stack",
                description="Open file descriptors of Prometheus, Alertmanager, Jaeger and "
                "Grafana. A steady rise means that connections or files are not closed.",
                unit=Unit.COUNT,
                queries=_without_services(saturation.open_files()),
            ),
        ),
    ),
)

DASHBOARD: Final = create_dashboard(
    dashboard_list.STACK,
    variables=(variables.PROMETHEUS, *variables.PLACES, JOBS, INSTANCES),
    rows=(NOW, PROMETHEUS, ALERTMANAGER, JAEGER, STACK_PROCESSES),
)
