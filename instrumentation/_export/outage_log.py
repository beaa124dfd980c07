"""Log of export outages: one line at the start and one at the end of each."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Final

from instrumentation._export.processor import QUEUE_FULL, ExportStats
from instrumentation.conventions import (
    OTEL_SDK_EXPORTER_SPAN_EXPORTED,
    OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER: Final = logging.getLogger("instrumentation.export")

LOSS_LOG_INTERVAL_SECONDS: Final = 60.0
"""Minimum interval between two lines about dropped spans with the same reason."""

OUTAGE_LOG_INTERVAL_SECONDS: Final = 10.0
"""Minimum interval between two logged outages, because a collector may fail every other time."""


class OutageLog:
    """Log of changes of the collector's state, not of every failed attempt.

    Args:
        endpoint: URL of the collector without credentials.
        clock: Returns monotonic seconds.
    """

    def __init__(self, endpoint: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._since: float | None = None
        self._outage_logged = False
        self._last_logged: dict[str, float] = {}

    def attempt_failed(self, detail: str) -> None:
        """Log the start of an outage; later failures are silent."""
        if self._since is None:
            self._since = self._clock()
            self._outage_logged = self._should_log("outage", OUTAGE_LOG_INTERVAL_SECONDS)
            if self._outage_logged:
                LOGGER.warning(
                    "export to %s fails (%s). Spans are queued in memory and retried; when the "
                    "queue is full, the oldest are dropped. Check that the collector is running "
                    "and that OTEL_EXPORTER_OTLP_ENDPOINT is correct",
                    self._endpoint,
                    detail,
                )

    def attempt_succeeded(self, stats: ExportStats) -> None:
        """Log the end of an outage."""
        if self._since is None:
            return
        seconds, self._since = self._clock() - self._since, None
        if self._outage_logged:
            LOGGER.warning(
                "export to %s works again after %.1f s. %d spans are still queued; %d spans were "
                "dropped since the process started, because the queue was full",
                self._endpoint,
                seconds,
                stats.queued,
                stats.dropped[QUEUE_FULL],
            )

    def spans_dropped(self, spans: int, reason: str, detail: str) -> None:
        """Log spans that were dropped or rejected for another reason than an outage."""
        if self._should_log(reason, LOSS_LOG_INTERVAL_SECONDS):
            LOGGER.warning(
                "export to %s lost %d spans with error_type %s (%s). They are not retried. Further "
                "losses are counted in %s_total and %s_total",
                self._endpoint,
                spans,
                reason,
                detail,
                OTEL_SDK_EXPORTER_SPAN_EXPORTED,
                OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
            )

    def response_unreadable(self, detail: str) -> None:
        """Log once that a successful response cannot be parsed for rejected spans."""
        if self._should_log("unreadable", math.inf):
            LOGGER.warning(
                "export to %s works, but a response cannot be read (%s). Its spans count as "
                "exported, even if it rejects some. Check that the endpoint is an OTLP collector",
                self._endpoint,
                detail,
            )

    def _should_log(self, topic: str, interval_seconds: float) -> bool:
        now = self._clock()
        due = now - self._last_logged.get(topic, -math.inf) >= interval_seconds
        if due:
            self._last_logged[topic] = now
        return due
