"""Alerts on Prometheus itself, on which all other alerts depend.

Thresholds, holds and windows are those of prometheus-mixin unless `why` names another reason.
Source: prometheus/prometheus, `documentation/prometheus-mixin/alerts.libsonnet`.
"""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.alerts.replicas import page_and_ticket
from sightline.mixin.config import Severity
from sightline.mixin.identity import on
from sightline.mixin.model import Alert, Group, Threshold
from sightline.mixin.text import list_of

_ABOVE_ZERO: Final = Threshold(operator=">", value=0)
_INSTANCE: Final = "Prometheus {{ $labels.instance }}"


def _alert(  # noqa: PLR0913  the fields of an alert
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


_SAMPLES: Final = "prometheus_tsdb_head_samples_appended_total"
_TARGET: Final = on("instance")

NOT_INGESTING: Final = page_and_ticket(
    _alert(
        "NotIngestingSamples",
        f"(\n  sum without (type) (rate({_SAMPLES}[5m]))\n  or\n"
        f"  0 * sum without (type) (last_over_time({_SAMPLES}[1d]))\n"
        f"  unless {_TARGET} {_SAMPLES}\n"
        f"  and {_TARGET} (up == 0 or last_over_time({_SAMPLES}[1d]) unless on () group(up))\n)",
        Threshold(operator="<=", value=0),
        hold="10m",
        severity="warning",
        why="All other alerts are silent if each replica fails. Ten minutes cover a slow start. A "
        "counter that ended within a day counts as 0 if its target is down, or if nothing is "
        "scraped at all: a Prometheus that stores nothing does not store its own counter.",
        summary="{{ $labels.instance }} ingests no samples.",
        description=f"{_INSTANCE} scrapes nothing or cannot write; another replica works, so "
        "alerts still fire. Check its targets first, then the free space on its disk.",
    ),
    summary="Prometheus ingests no samples.",
    description="{{ $labels.job }} scrapes nothing or cannot write, so no other alert can fire "
    "even if users get errors. Check the targets first, then the free space on the disk.",
)

NOT_CONNECTED: Final = page_and_ticket(
    _alert(
        "NotConnectedToAlertmanagers",
        "max_over_time(prometheus_notifications_alertmanagers_discovered[5m])",
        Threshold(operator="==", value=0),
        hold="5m",
        severity="warning",
        why="No alert is delivered, including this one: the dead man's switch notifies, this alert "
        "names the cause. A page only if no replica is connected. The maximum of the window, "
        "because discovery may be empty for a moment.",
        summary="{{ $labels.instance }} knows no Alertmanager.",
        description=f"{_INSTANCE} cannot deliver alerts; another replica delivers the same ones. "
        "Check that Alertmanager runs, then the alerting section of its configuration.",
    ),
    summary="Prometheus knows no Alertmanager.",
    description="No alert can be delivered, so outages stay unnoticed. Check that Alertmanager "
    "runs, then the alerting section of the configuration of Prometheus.",
)

SENDING: Final = page_and_ticket(
    _alert(
        "ErrorSendingAlerts",
        "rate(prometheus_notifications_errors_total[5m])\n/\n"
        "(rate(prometheus_notifications_sent_total[5m]) > 0)",
        Threshold(operator=">", value=0.01),
        hold="10m",
        severity="warning",
        why="Some alerts are lost on the way. Prometheus sends a failed one again, hence ten "
        "minutes. A page only if no Alertmanager receives all alerts of any replica.",
        summary="{{ $value | humanizePercentage }} of alerts do not reach "
        "{{ $labels.alertmanager }}.",
        description=f"{_INSTANCE} cannot deliver them there; another path delivers all alerts. "
        "Check first whether that Alertmanager runs, is overloaded or refuses.",
    ),
    summary="{{ $value | humanizePercentage }} or more of alerts reach no Alertmanager.",
    description="No Prometheus of {{ $labels.job }} delivers all of its alerts to any "
    "Alertmanager, so notifications are late or missing. Check first whether the Alertmanagers "
    "run, are overloaded or refuse.",
)

RULE_FAILURES: Final = _alert(
    "RuleFailures",
    "increase(prometheus_rule_evaluation_failures_total[5m])",
    _ABOVE_ZERO,
    hold="5m",
    keep="5m",
    severity="warning",
    why="An alert that cannot be evaluated cannot fire. A ticket, because one group of rules does "
    "not make users suffer, and the other groups still page.",
    summary="{{ $labels.instance }} fails to evaluate rules.",
    description='Group {{ $labels.rule_group }} had {{ $value | printf "%.0f" }} failures within '
    "five minutes. Its alerts cannot fire and its recorded series have gaps. Open the rules page "
    "of this Prometheus; it shows the error beside the rule. The usual cause is many-to-many "
    "matching.",
)

MISSED: Final = _alert(
    "RuleEvaluationsMissed",
    "increase(prometheus_rule_group_iterations_missed_total[5m])",
    _ABOVE_ZERO,
    hold="15m",
    severity="warning",
    why="Recorded series get gaps and alerts are late. 15 minutes are longer than a compaction.",
    summary="Rule groups take longer than their interval.",
    description="Alerts are late and recorded series have gaps. Check the CPU of Prometheus "
    "first, then the slowest groups: "
    + list_of(
        "topk(3, prometheus_rule_group_last_duration_seconds)",
        item="{{ .Labels.rule_group }} ({{ .Value | humanizeDuration }})",
        default="unknown",
    )
    + ".",
)

CONFIG: Final = _alert(
    "ConfigReloadFailed",
    "max_over_time(prometheus_config_last_reload_successful[5m])",
    Threshold(operator="==", value=0),
    hold="10m",
    severity="warning",
    why="Prometheus uses the previous configuration and cannot start with the new one. A ticket, "
    "because all alerts of the previous configuration work.",
    summary="{{ $labels.instance }} did not load its new configuration.",
    description=f"{_INSTANCE} uses the previous one, and a restart would stop it. Run `promtool "
    "check config` on the file first; it names the line.",
)

DISCOVERY: Final = _alert(
    "TargetSyncFailed",
    "increase(prometheus_target_sync_failed_total[30m])",
    _ABOVE_ZERO,
    hold="5m",
    severity="warning",
    why="A service whose targets cannot be read is neither monitored nor shown as down. A ticket, "
    "because nothing says that the service itself is in trouble.",
    summary="{{ $labels.instance }} cannot read the targets of {{ $labels.scrape_job }}.",
    description=f"{_INSTANCE} does not monitor some services of this scrape job, so their outages "
    "stay unnoticed. A label or an address of a target is invalid; the log of Prometheus names it.",
)

LIMITS: Final = _alert(
    "ScrapeLimitHit",
    "increase(prometheus_target_scrapes_exceeded_sample_limit_total[5m])\n"
    "+ increase(prometheus_target_scrapes_exceeded_body_size_limit_total[5m])\n"
    "+ increase(prometheus_target_scrape_pool_exceeded_label_limits_total[5m])",
    _ABOVE_ZERO,
    hold="5m",
    severity="warning",
    why="A scrape over a limit is dropped whole, so the target appears to be down.",
    summary="Prometheus drops scrapes that exceed a limit.",
    description="The affected targets appear to be down and have no metrics; users are not "
    "affected. Find the metric that grew in the largest targets first: "
    + list_of(
        "topk(3, scrape_samples_scraped)",
        item="{{ .Labels.job }} {{ .Labels.instance }} ({{ .Value }} samples)",
        default="unknown",
    )
    + ".",
)

DISCARDED: Final = _alert(
    "SamplesDiscarded",
    "rate(prometheus_target_scrapes_sample_duplicate_timestamp_total[5m])\n"
    "+ rate(prometheus_target_scrapes_sample_out_of_order_total[5m])\n"
    "+ rate(prometheus_target_scrapes_sample_out_of_bounds_total[5m])",
    _ABOVE_ZERO,
    hold="10m",
    severity="warning",
    why="Two targets write the same series, or a clock is wrong: panels show a mixture. Ten "
    "minutes are longer than the replacement of one target by another.",
    summary="Prometheus discards samples.",
    description=f"{_INSTANCE} receives samples that are duplicate, out of order or out of bounds, "
    "so panels and alerts may be wrong. Look for two targets with the same job and instance first, "
    "then for honor_labels on a job that does not need it.",
)

COMPACTION: Final = _alert(
    "TSDBCompactionsFailing",
    "increase(prometheus_tsdb_compactions_failed_total[3h])",
    _ABOVE_ZERO,
    hold="1h",
    severity="warning",
    why="Compactions run every two hours, so the window contains at least one.",
    summary="Prometheus cannot compact its blocks.",
    description=f"Memory and disk use of {_INSTANCE} grow until it stops. The disk is full or a "
    "block is damaged; check the free space first, then its log.",
)

WAL: Final = _alert(
    "WALCorrupted",
    "prometheus_tsdb_wal_corruptions_total",
    _ABOVE_ZERO,
    hold="0s",
    severity="warning",
    why="Prometheus finds it during the start, before the first scrape, so increase() misses it "
    "and the value itself counts. The loss has already happened, so it is a ticket.",
    summary="Prometheus found its write-ahead log damaged.",
    description=f"{_INSTANCE} dropped all samples after the damage, up to two hours. Check its "
    "disk first; a clean restart clears this alert.",
)

RETENTION: Final = _alert(
    "RetentionShorterThanSlo",
    "(prometheus_tsdb_retention_limit_seconds > 0)\n/\n"
    "on () group_left () (max(job_slo:time_period:days) * 86400)",
    Threshold(operator="<", value=1),
    gate=f"unless {_TARGET} prometheus_remote_storage_samples_total\n"
    "unless on (cluster, namespace) thanos_sidecar_prometheus_up",
    hold="1h",
    severity="warning",
    why="The default retention is 15 days, which makes every 30-day budget wrong without an "
    "error. With remote write or Thanos, another store keeps the data. The metric exists from "
    "Prometheus 2.48 on.",
    summary="Prometheus keeps {{ $value | humanizePercentage }} of the longest SLO period.",
    description="Error budgets look better than they are, because old errors are deleted early. "
    "Raise --storage.tsdb.retention.time.",
)

SIZE: Final = _alert(
    "StorageNearSizeLimit",
    "prometheus_tsdb_storage_blocks_bytes\n/\n(prometheus_tsdb_retention_limit_bytes > 0)",
    Threshold(operator=">", value=0.9),
    hold="1h",
    severity="warning",
    why="At the size limit Prometheus deletes the oldest block, even within the retention time.",
    summary="Prometheus uses {{ $value | humanizePercentage }} of its size limit.",
    description=f"{_INSTANCE} will delete data before its retention time ends. Look for a metric "
    "that grew on the telemetry dashboard first; else raise --storage.tsdb.retention.size.",
)

TEMPLATES: Final = _alert(
    "TemplateExpansionFailing",
    "increase(prometheus_template_text_expansion_failures_total[15m])",
    _ABOVE_ZERO,
    hold="0s",
    keep="15m",
    severity="warning",
    why="The notification arrives without its diagnosis. One failure means a broken template.",
    summary="Prometheus cannot expand the texts of an alert.",
    description=f"A notification of {_INSTANCE} contains `error expanding template` instead of a "
    "diagnosis; the alert itself is valid. The log of Prometheus names the rule to fix.",
)

QUEUE: Final = _alert(
    "NotificationQueueRunningFull",
    "min_over_time(prometheus_notifications_queue_length[5m])\n/\n"
    f"{_TARGET} group_left () ({queries.single('prometheus_notifications_queue_capacity')} > 0)",
    Threshold(operator=">", value=0.3),
    hold="5m",
    severity="warning",
    why="The queue is empty as a rule and drops the oldest alerts when it is full. The minimum of "
    "five minutes, because many alerts may start at once.",
    summary="The queue of alerts of {{ $labels.instance }} stays "
    "{{ $value | humanizePercentage }} full.",
    description=f"{_INSTANCE} will drop alerts when the queue is full, so notifications will be "
    "missing. Check whether Alertmanager answers slowly first, then for many alerts of one rule.",
)

_SENT: Final = "prometheus_remote_storage_samples_total"
_UNSENT: Final = "prometheus_remote_storage_samples_failed_total"

REMOTE_FAILING: Final = _alert(
    "RemoteStorageFailures",
    f"rate({_UNSENT}[5m])\n/\n(rate({_SENT}[5m]) > 0)",
    Threshold(operator=">", value=0.01),
    hold="15m",
    severity="warning",
    why="Samples that the remote storage refuses are lost there; local rules still see them.",
    summary="{{ $labels.remote_name }} refuses {{ $value | humanizePercentage }} of samples.",
    description=f"Panels and rules of {{{{ $labels.url }}}} have gaps, because {_INSTANCE} cannot "
    "write there. Its log contains the answer of the storage.",
)

REMOTE_BEHIND: Final = _alert(
    "RemoteWriteBehind",
    queries.single("max_over_time(prometheus_remote_storage_highest_timestamp_in_seconds[5m])")
    + f"\n- {_TARGET} group_right ()\n"
    "max_over_time(prometheus_remote_storage_queue_highest_sent_timestamp_seconds[5m])",
    Threshold(operator=">", value=120),
    hold="15m",
    severity="warning",
    why="Samples of two hours wait in the write-ahead log; later ones are lost. Two minutes are "
    "longer than any normal retry.",
    summary="Remote write to {{ $labels.remote_name }} is {{ $value | humanizeDuration }} behind.",
    description=f"Panels and rules of {{{{ $labels.url }}}} lack the newest data of {_INSTANCE}; "
    "data is lost after two hours. Check whether the storage answers, and how slowly.",
)

TARGET_LIMIT: Final = _alert(
    "TargetLimitHit",
    "increase(prometheus_target_scrape_pool_exceeded_target_limit_total[5m])",
    _ABOVE_ZERO,
    hold="15m",
    severity="warning",
    why="Above target_limit Prometheus scrapes none of the targets of the scrape job.",
    summary="{{ $labels.scrape_job }} has more targets than its limit.",
    description=f"{_INSTANCE} does not monitor this scrape job, so outages of its services stay "
    "unnoticed. Raise target_limit, or find the selector that matches too much.",
)

SD_REFRESH: Final = _alert(
    "SDRefreshFailure",
    "increase(prometheus_sd_refresh_failures_total[10m])",
    _ABOVE_ZERO,
    hold="20m",
    severity="warning",
    why="Old targets are kept, so monitoring continues; new ones are missing. Twenty minutes are "
    "longer than the restart of a registry.",
    summary="Prometheus cannot refresh its targets from {{ $labels.mechanism }}.",
    description=f"{_INSTANCE} does not see new targets, so new services are not monitored. Check "
    "the address and the credentials of the service discovery; the log of Prometheus names both.",
)

PROMETHEUS: Final = Group(
    name="prometheus.alerts",
    rules=(
        *(*NOT_INGESTING, *NOT_CONNECTED, *SENDING, QUEUE, RULE_FAILURES, MISSED, CONFIG),
        *(DISCOVERY, SD_REFRESH, LIMITS, TARGET_LIMIT, DISCARDED, COMPACTION, WAL, RETENTION),
        *(SIZE, TEMPLATES, REMOTE_FAILING, REMOTE_BEHIND),
    ),
)
