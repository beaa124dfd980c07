"""Prometheus itself: if it is blind or mute, nothing else here means anything.

Thresholds and holds are prometheus-mixin's unless the reason says otherwise.
Source: prometheus/prometheus, `documentation/prometheus-mixin/alerts.libsonnet`.
"""

from typing import Final

from sightline.mixin.config import Severity
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.text import listed

_ANY: Final = Threshold(operator=">", value=0)
_WHERE: Final = "Prometheus {{ $labels.instance }}"


def _alert(  # noqa: PLR0913  the fields that differ; the dashboard does not
    name: str,
    signal: str,
    threshold: Threshold,
    *,
    hold: str,
    keep: str = "0s",
    severity: Severity,
    why: str,
    summary: str,
    description: str,
    gate: str = "",
) -> Alert:
    return Alert(
        name=f"Prometheus{name}",
        signal=signal,
        threshold=threshold,
        gate=gate,
        hold=hold,
        keep=keep,
        why=why,
        severity=severity,
        summary=summary,
        description=description,
        dashboard="stack",
        variables=(),
    )


BLIND: Final = _alert(
    "NotIngestingSamples",
    "sum without (type) (rate(prometheus_tsdb_head_samples_appended_total[5m]))",
    Threshold(operator="<=", value=0),
    hold="10m",
    severity="critical",
    why="Every other alert is silent then. Ten minutes cover a slow start.",
    summary="Prometheus ingests no samples.",
    description=f"{_WHERE} scrapes nothing or cannot write: no other alert can be trusted.",
)

MUTE: Final = _alert(
    "NotConnectedToAlertmanagers",
    "max_over_time(prometheus_notifications_alertmanagers_discovered[5m])",
    Threshold(operator="==", value=0),
    hold="5m",
    severity="critical",
    why="Alerts reach nobody, this one included: the dead man's switch tells, this says why. The "
    "highest value of the window, for discovery may blink.",
    summary="Prometheus knows no Alertmanager.",
    description=f"{_WHERE} has nobody to send alerts to; see Status, Runtime.",
)

UNSENT: Final = _alert(
    "ErrorSendingAlerts",
    "rate(prometheus_notifications_errors_total[5m])\n/\n"
    "(rate(prometheus_notifications_sent_total[5m]) > 0)",
    Threshold(operator=">", value=0.01),
    hold="10m",
    severity="critical",
    why="Some alerts get lost on the way; a failed one is sent again, hence ten minutes.",
    summary="{{ $value | humanizePercentage }} of alerts do not reach {{ $labels.alertmanager }}.",
    description=f"{_WHERE} cannot deliver; Alertmanager is slow, away, or refuses.",
)

RULES: Final = _alert(
    "RuleFailures",
    "increase(prometheus_rule_evaluation_failures_total[5m])",
    _ANY,
    hold="5m",
    keep="5m",
    severity="critical",
    why="An alert that cannot be evaluated is an alert that is off.",
    summary="Prometheus fails to evaluate rules.",
    description='Group {{ $labels.rule_group }}, {{ $value | printf "%.0f" }} failures; the page '
    "of rules shows the error beside the rule. Typical: many-to-many matching.",
)

LATE: Final = _alert(
    "RuleEvaluationsMissed",
    "increase(prometheus_rule_group_iterations_missed_total[5m])",
    _ANY,
    hold="15m",
    severity="warning",
    why="Recorded series get gaps, alerts come late; a quarter of an hour outlasts a compaction.",
    summary="Rule groups take longer than their interval.",
    description="Slowest groups: "
    + listed(
        "topk(3, prometheus_rule_group_last_duration_seconds)",
        item="{{ .Labels.rule_group }} ({{ .Value | humanizeDuration }})",
        otherwise="unknown",
    )
    + ".",
)

CONFIG: Final = _alert(
    "ConfigReloadFailed",
    "max_over_time(prometheus_config_last_reload_successful[5m])",
    Threshold(operator="==", value=0),
    hold="10m",
    severity="critical",
    why="It runs on the old configuration, and will not start again on the new one.",
    summary="Prometheus did not load its new configuration.",
    description=f"{_WHERE} runs on the previous one. `promtool check config` says what is wrong.",
)

DISCOVERY: Final = _alert(
    "TargetSyncFailed",
    "increase(prometheus_target_sync_failed_total[30m])",
    _ANY,
    hold="5m",
    severity="critical",
    why="A service whose targets are not read is not monitored and does not look down either.",
    summary="Prometheus cannot read the targets of {{ $labels.scrape_job }}.",
    description=f"{_WHERE}: a target's labels or address are invalid; its log names them.",
)

LIMITS: Final = _alert(
    "ScrapeLimitHit",
    "increase(prometheus_target_scrapes_exceeded_sample_limit_total[5m])\n"
    "+ increase(prometheus_target_scrapes_exceeded_body_size_limit_total[5m])\n"
    "+ increase(prometheus_target_scrape_pool_exceeded_label_limits_total[5m])",
    _ANY,
    hold="5m",
    severity="warning",
    why="A scrape over a limit is thrown away whole, so the target looks down.",
    summary="Prometheus throws away scrapes that exceed a limit.",
    description="Largest targets: "
    + listed(
        "topk(3, scrape_samples_scraped)",
        item="{{ .Labels.job }} {{ .Labels.instance }} ({{ .Value }} samples)",
        otherwise="unknown",
    )
    + ".",
)

DISCARDED: Final = _alert(
    "SamplesDiscarded",
    "rate(prometheus_target_scrapes_sample_duplicate_timestamp_total[5m])\n"
    "+ rate(prometheus_target_scrapes_sample_out_of_order_total[5m])\n"
    "+ rate(prometheus_target_scrapes_sample_out_of_bounds_total[5m])",
    _ANY,
    hold="10m",
    severity="warning",
    why="Two targets write one series, or a clock is wrong: graphs are a mixture. Ten minutes "
    "outlast a replacement of one target by another.",
    summary="Prometheus discards samples.",
    description=f"{_WHERE}: duplicate, out of order or out of bounds. Two targets with the same "
    "job and instance, or honor_labels on a job that needs none.",
)

COMPACTION: Final = _alert(
    "TSDBCompactionsFailing",
    "increase(prometheus_tsdb_compactions_failed_total[3h])",
    _ANY,
    hold="1h",
    severity="warning",
    why="Compactions run every two hours, so the window holds at least one.",
    summary="Prometheus cannot compact its blocks.",
    description=f"{_WHERE}: the disk is full or a block is damaged; memory and WAL grow meanwhile.",
)

WAL: Final = _alert(
    "WALCorrupted",
    "prometheus_tsdb_wal_corruptions_total",
    _ANY,
    hold="0s",
    severity="warning",
    why="Found while starting, before the first scrape, so increase() never sees it: the value "
    "itself counts. The loss has happened, so it is a ticket.",
    summary="Prometheus found its write-ahead log damaged.",
    description=f"{_WHERE} dropped what stood behind the damage, up to two hours. Check the disk; "
    "a restart clears this alert.",
)

RETENTION: Final = _alert(
    "RetentionShorterThanSlo",
    "(prometheus_tsdb_retention_limit_seconds > 0)\n/\n"
    "on () group_left () (max(slo:time_period:days) * 86400)",
    Threshold(operator="<", value=1),
    hold="1h",
    severity="warning",
    why="Prometheus keeps 15 days unless told otherwise, which breaks every 30-day budget without "
    "a word. Known to Prometheus from 2.48 on.",
    summary="Prometheus keeps {{ $value | humanizePercentage }} of the longest SLO period.",
    description="Error budgets look better than they are: old errors are forgotten early. Raise "
    "--storage.tsdb.retention.time.",
)

SIZE: Final = _alert(
    "StorageNearSizeLimit",
    "prometheus_tsdb_storage_blocks_bytes\n/\n(prometheus_tsdb_retention_limit_bytes > 0)",
    Threshold(operator=">", value=0.9),
    hold="1h",
    severity="warning",
    why="At the size limit the oldest block goes, whatever the retention time promises.",
    summary="Prometheus uses {{ $value | humanizePercentage }} of its size limit.",
    description=f"{_WHERE} will soon forget before its retention time. Raise "
    "--storage.tsdb.retention.size, or find the metric that grew on the telemetry dashboard.",
)

TEMPLATES: Final = _alert(
    "TemplateExpansionFailing",
    "increase(prometheus_template_text_expansion_failures_total[15m])",
    _ANY,
    hold="0s",
    keep="15m",
    severity="warning",
    why="The notification goes out without its diagnosis. One failure is a broken template.",
    summary="Prometheus cannot fill in the texts of an alert.",
    description=f"{_WHERE}: some notification says `error expanding template` instead of what is "
    "worst; its log names the rule.",
)

PROMETHEUS: Final = Group(
    name="prometheus.alerts",
    rules=(
        *(BLIND, MUTE, UNSENT, RULES, LATE, CONFIG, DISCOVERY, LIMITS),
        *(DISCARDED, COMPACTION, WAL, RETENTION, SIZE, TEMPLATES),
    ),
)
