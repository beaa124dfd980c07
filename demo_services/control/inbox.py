"""The newest notifications, counted and logged, and when the Watchdog was last heard."""

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

WATCHDOG: Final = "Watchdog"
"""The alert that always fires: its silence means that alerting itself is broken."""
SILENT_AFTER: Final = timedelta(minutes=3)
"""Three times the Watchdog's repeat interval in `prometheus/alertmanager.yml`."""

MOST_ENTRIES: Final = 500
MOST_ALERT_NAMES: Final = 200
"""Label values the counter may have; a sender that invents names ends in the overflow."""

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert as it arrived."""

    received_at: datetime
    receiver: str
    alert: Alert


class Inbox:
    """What arrived, newest first; older than the newest 500 is forgotten.

    Args:
        now: Clock, in UTC.
    """

    def __init__(
        self, registry: CollectorRegistry, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._names: set[str] = set()
        self._received = counter("alert_notifications_received", registry)
        self._watchdog = gauge("alert_watchdog_timestamp_seconds", registry)
        self.watchdog_heard_at: datetime | None = None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def receive(self, notification: Notification) -> None:
        """Take in every alert of *notification*."""
        for alert in notification.alerts:
            self._count(alert)
            if alert.name == WATCHDOG:
                self._hear_watchdog()
            else:
                self._keep(notification.receiver, alert)

    @property
    def watchdog(self) -> str:
        """``never heard``, ``alive`` or ``silent``."""
        if self.watchdog_heard_at is None:
            return "never heard"
        return "alive" if self._now() - self.watchdog_heard_at <= SILENT_AFTER else "silent"

    def _keep(self, receiver: str, alert: Alert) -> None:
        self._entries.appendleft(Entry(received_at=self._now(), receiver=receiver, alert=alert))
        _LOG.info("alert %s", alert.status, extra={"alertname": alert.name, "labels": alert.labels})

    def _hear_watchdog(self) -> None:
        self.watchdog_heard_at = self._now()
        self._watchdog.set(self.watchdog_heard_at.timestamp())

    def _count(self, alert: Alert) -> None:
        if len(self._names) < MOST_ALERT_NAMES:
            self._names.add(alert.name)
        labels = (alert.name, alert.severity, alert.status)
        known = alert.name in self._names
        self._received.labels(*(labels if known else (OVERFLOW,) * len(labels))).inc()
