"""Alerts on the path of notifications: Alertmanager and the dead man's switch."""

from typing import Final

from instrumentation import service_metrics
from sightline.mixin.alerts.replicas import page_and_ticket
from sightline.mixin.config import RATE_WINDOW
from sightline.mixin.identity import by, on
from sightline.mixin.model import Alert, Group, Threshold

WATCHDOG: Final = Alert(
    name="Watchdog",
    signal="vector(1)",
    threshold=None,
    hold="0s",
    keep="0s",
    why="Always fires, so that its absence at the receiver reveals a broken notification path. "
    "Never notifies.",
    severity="none",
    summary="This is the heartbeat of the notification path.",
    description="This alert always fires and needs no action. Its receiver raises an alarm when "
    "it no longer arrives.",
    dashboard="stack",
    variables=(),
)

_RECEIVED: Final = f"max_over_time({service_metrics.ALERT_WATCHDOG_TIMESTAMP_SECONDS}[3d])"

WATCHDOG_MISSING: Final = Alert(
    name="WatchdogNotReceived",
    signal=f"time() - max {by()} ({_RECEIVED} > 0)",
    threshold=Threshold(operator=">", value=300),
    hold="0s",
    keep="0s",
    why="Alertmanager repeats the Watchdog every minute in both profiles; after five minutes the "
    "path is broken. The last time of three days counts, so that a receiver that ended or lost its "
    "memory is noticed. Does not fire before the first one was received.",
    severity="critical",
    summary="No Watchdog reached the receiver for {{ $value | humanizeDuration }}.",
    description="Notifications of other alerts are probably lost, too. Prometheus evaluates this "
    "alert, so the fault is behind it: check Alertmanager, then its route to the receiver, then "
    "the receiver.",
    dashboard="stack",
    variables=(),
)

CONFIG: Final = Alert(
    name="AlertmanagerConfigReloadFailed",
    signal="max_over_time(alertmanager_config_last_reload_successful[5m])",
    threshold=Threshold(operator="==", value=0),
    hold="10m",
    keep="0s",
    why="Alertmanager routes by the previous file and cannot start with the new one. A ticket, "
    "because notifications are sent as before. Source: alertmanager-mixin.",
    severity="warning",
    summary="{{ $labels.instance }} did not load its new configuration.",
    description="{{ $labels.instance }} routes by the previous file, and a restart would stop its "
    "notifications. Run `amtool check-config` on the file first; it names the line.",
    dashboard="stack",
    variables=(),
)

_FAILED: Final = f"rate(alertmanager_notifications_failed_total[{RATE_WINDOW}])"
_SENT: Final = f"rate(alertmanager_notifications_total[{RATE_WINDOW}])"
_BY: Final = f"sum {by('instance', 'integration')}"

FAILING: Final = page_and_ticket(
    Alert(
        name="AlertmanagerNotificationsFailing",
        signal=f"{_BY} ({_FAILED})\n/\n({_BY} ({_SENT}) > 0)",
        threshold=Threshold(operator=">", value=0.01),
        hold="5m",
        keep="5m",
        why="Someone should have been notified and was not. If another replica of the cluster "
        "delivers, it is a ticket. Source: alertmanager-mixin.",
        severity="warning",
        summary="{{ $labels.instance }} fails to notify through {{ $labels.integration }}.",
        description="{{ $value | humanizePercentage }} of its notifications fail; another replica "
        "delivers, some seconds later. Read the log of this Alertmanager first; it names the "
        "receiver and its answer.",
        dashboard="stack",
        variables=(),
    ),
    "integration",
    summary="Alertmanager fails to notify through {{ $labels.integration }}.",
    description="{{ $value | humanizePercentage }} or more of notifications of each replica of "
    "{{ $labels.job }} fail and are retried, so alerts arrive late or never. Read the log of "
    "Alertmanager first; it names the receiver and its answer.",
)

_MEMBERS: Final = "max_over_time(alertmanager_cluster_members[5m])"

INCONSISTENT: Final = Alert(
    name="AlertmanagerMembersInconsistent",
    signal=f"{_MEMBERS}\n/ {on()} group_left ()\ncount {by()} ({_MEMBERS})",
    threshold=Threshold(operator="<", value=1),
    hold="15m",
    keep="0s",
    why="Replicas that do not see each other notify separately. 15 minutes cover a rollout. "
    "Source: alertmanager-mixin.",
    severity="warning",
    summary="{{ $labels.instance }} does not see all Alertmanagers of {{ $labels.job }}.",
    description="People are notified twice, and silences made at one replica do not hold at the "
    "other. Check that the replicas reach each other at the cluster port, by TCP and UDP.",
    dashboard="stack",
    variables=(),
)

_RESTARTS: Final = (
    f"changes(process_start_time_seconds[1h])\nand {on('instance')} "
    "last_over_time(alertmanager_build_info[1h])"
)

CRASHING: Final = page_and_ticket(
    Alert(
        name="AlertmanagerClusterCrashLooping",
        signal=f"({_RESTARTS})",
        threshold=Threshold(operator=">", value=3),
        hold="5m",
        keep="5m",
        why="An Alertmanager that starts again and again notifies late and forgets. Four restarts "
        "in an hour, because a container waits up to five minutes between them. A page if every "
        "replica does so.",
        severity="warning",
        summary='{{ $labels.instance }} restarted {{ $value | printf "%.0f" }} times in an hour.',
        description="Another replica notifies meanwhile. Read the log of the previous run of this "
        "Alertmanager: a configuration that it refuses, or too little memory.",
        dashboard="stack",
        variables=(),
    ),
    summary="Every Alertmanager of {{ $labels.job }} starts again and again.",
    description="Notifications are late, missing or repeated, so outages may stay unnoticed. Read "
    "the log of the previous run: a configuration that it refuses, or too little memory.",
)

NOTIFICATIONS: Final = Group(
    name="notifications.alerts",
    rules=(WATCHDOG, WATCHDOG_MISSING, CONFIG, *FAILING, INCONSISTENT, *CRASHING),
)
