"""What the log says about export: a line when an outage begins, one when it is over."""

import logging
import math
import time
from collections.abc import Callable
from typing import Final

from instrumentation._export.queue import QUEUE_FULL, ExportStats

LOGGER: Final = logging.getLogger("instrumentation.export")

QUIET_SECONDS: Final = 60.0
"""Between two lines about losses of the same reason."""

CALM_SECONDS: Final = 10.0
"""Between the beginnings of two outages that are told: a collector may fail every other time."""


class OutageLog:
    """Speaks on change, not on every failure.

    Args:
        endpoint: Where to, fit to be shown.
        clock: Gives seconds that never go back.
    """

    def __init__(self, endpoint: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._since: float | None = None
        self._told = False
        self._spoke: dict[str, float] = {}

    @property
    def in_outage(self) -> bool:
        """Whether the last attempt failed."""
        return self._since is not None

    def failed(self, detail: str) -> None:
        """An attempt failed; the spans wait."""
        if self._since is None:
            self._since = self._clock()
            self._told = self._due("outage", CALM_SECONDS)
            if self._told:
                LOGGER.warning(
                    "export to %s fails (%s); spans wait in memory and are sent again",
                    self._endpoint,
                    detail,
                )

    def recovered(self, stats: ExportStats) -> None:
        """An attempt succeeded."""
        if self._since is None:
            return
        seconds, self._since = self._clock() - self._since, None
        if self._told:
            LOGGER.warning(
                "export to %s works again after %.1f s; %d spans still wait, "
                "%d were dropped so far because too many did",
                self._endpoint,
                seconds,
                stats.queued,
                stats.dropped[QUEUE_FULL],
            )

    def lost(self, spans: int, reason: str, detail: str) -> None:
        """Spans were given up for another reason than an outage."""
        if self._due(reason, QUIET_SECONDS):
            LOGGER.warning(
                "export to %s lost %d spans, %s (%s); further ones are counted on /metrics "
                "with this error_type",
                self._endpoint,
                spans,
                reason,
                detail,
            )

    def unreadable(self, detail: str) -> None:
        """Report once that answers of success say nothing about rejected spans."""
        if self._due("unreadable", math.inf):
            LOGGER.warning(
                "export to %s works, but an answer cannot be read (%s); its request counts as "
                "exported, and spans that such an answer rejects are not counted",
                self._endpoint,
                detail,
            )

    def _due(self, about: str, quiet_seconds: float) -> bool:
        now = self._clock()
        due = now - self._spoke.get(about, -math.inf) >= quiet_seconds
        if due:
            self._spoke[about] = now
        return due
