"""The way from an alert to a person: Alertmanager and the dead man's switch."""

from typing import Final

from sightline.mixin.model import Alert, Group, Threshold

WATCHDOG: Final = Alert(
    name="Watchdog",
    signal="vector(1)",
    threshold=None,
    hold="0s",
    keep="0s",
    why="Always fires, so that its absence at the receiver shows a broken chain. Never notifies.",
    severity="none",
    summary="Heartbeat of the alerting chain.",
    description="Always firing. The receiver of control raises the alarm when it stops hearing it.",
    dashboard="stack",
    variables=(),
)

UNHEARD: Final = Alert(
    name="WatchdogNotReceived",
    signal="time() - (alert_watchdog_timestamp_seconds > 0)",
    threshold=Threshold(operator=">", value=300),
    hold="0s",
    keep="0s",
    why="Alertmanager repeats the Watchdog every minute in both profiles; after five, nothing "
    "arrives. Not before the first was heard.",
    severity="critical",
    summary="No Watchdog reached the receiver for {{ $value | humanizeDuration }}.",
    description="Prometheus evaluates this alert, so the break lies behind it: Alertmanager, its "
    "route to the receiver, or the receiver.",
    dashboard="stack",
    variables=(),
)

CONFIG: Final = Alert(
    name="AlertmanagerConfigReloadFailed",
    signal="max_over_time(alertmanager_config_last_reload_successful[5m])",
    threshold=Threshold(operator="==", value=0),
    hold="10m",
    keep="0s",
    why="It routes by the old file, and will not start again on the new one. Source: "
    "alertmanager-mixin.",
    severity="critical",
    summary="Alertmanager did not load its new configuration.",
    description="{{ $labels.instance }} runs on the previous one. `amtool check-config` says what "
    "is wrong.",
    dashboard="stack",
    variables=(),
)

FAILING: Final = Alert(
    name="AlertmanagerNotificationsFailing",
    signal="sum by (job, instance, integration) (rate(alertmanager_notifications_failed_total[5m]))"
    "\n/\n(sum by (job, instance, integration) (rate(alertmanager_notifications_total[5m])) > 0)",
    threshold=Threshold(operator=">", value=0.01),
    hold="5m",
    keep="5m",
    why="Somebody should have been told and was not. Source: alertmanager-mixin.",
    severity="critical",
    summary="Alertmanager fails to notify through {{ $labels.integration }}.",
    description="{{ $value | humanizePercentage }} of notifications of {{ $labels.instance }} fail "
    "and are tried again. Its log names the receiver and the answer.",
    dashboard="stack",
    variables=(),
)

NOTIFICATIONS: Final = Group(
    name="notifications.alerts", rules=(WATCHDOG, UNHEARD, CONFIG, FAILING)
)
