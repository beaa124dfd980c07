"""Inbox of the newest alerts, with their metrics and the state of the Watchdog."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry

from demo_services.control.notification import Alert, Notification
from demo_services.metrics import counter, gauge
from instrumentation.conventions import OVERFLOW
from instrumentation.service_metrics import (
    ALERT_NOTIFICATIONS_RECEIVED,
    ALERT_WATCHDOG_TIMESTAMP_SECONDS,
)

WATCHDOG: Final = "Watchdog"
"""Alert that always fires. Its absence means that alerting itself is broken."""
SILENT_AFTER: Final = timedelta(minutes=3)
"""Three times the Watchdog's repeat interval in `prometheus/alertmanager.yml`."""

MAX_ENTRIES: Final = 500
MAX_ALERT_NAMES: Final = 200
"""Bound on the label values of the counter. Alerts with further names count as overflow."""

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One received alert."""

    received_at: datetime
    receiver: str
    alert: Alert


class Inbox:
    """The newest 500 alerts, newest first.

    Args:
        now: Clock, in UTC.
    """

    def __init__(
        self, registry: CollectorRegistry, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._names: set[str] = set()
        self._notifications = counter(ALERT_NOTIFICATIONS_RECEIVED, registry)
        self._watchdog = gauge(ALERT_WATCHDOG_TIMESTAMP_SECONDS, registry)
        self.watchdog_received_at: datetime | None = None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def receive(self, notification: Notification) -> None:
        """Count every alert of *notification*, and store all but the Watchdog."""
        for alert in notification.alerts:
            self._count(alert)
            if alert.name == WATCHDOG:
                self._record_watchdog()
            else:
                self._store(notification.receiver, alert)

    @property
    def watchdog(self) -> str:
        """``never heard``, ``alive`` or ``silent``."""
        if self.watchdog_received_at is None:
            return "never heard"
        return "alive" if self._now() - self.watchdog_received_at <= SILENT_AFTER else "silent"

    def _store(self, receiver: str, alert: Alert) -> None:
        self._entries.appendleft(Entry(received_at=self._now(), receiver=receiver, alert=alert))
        _LOG.info("alert %s", alert.status, extra={"alertname": alert.name, "labels": alert.labels})

    def _record_watchdog(self) -> None:
        self.watchdog_received_at = self._now()
        self._watchdog.set(self.watchdog_received_at.timestamp())

    def _count(self, alert: Alert) -> None:
        if len(self._names) < MAX_ALERT_NAMES:
            self._names.add(alert.name)
        labels: tuple[str, str, str] = (alert.name, alert.severity, alert.status)
        if alert.name not in self._names:
            labels = (OVERFLOW, OVERFLOW, OVERFLOW)
        self._notifications.labels(*labels).inc()
