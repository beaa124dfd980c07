"""Log of a registry that is away: one warning each time, not at every attempt."""

import logging
import time
from typing import Final

QUIET_SECONDS: Final = 5.0
"""Time before the warning. All services of a stack start at once, the registry among them."""

_LOG: Final = logging.getLogger(__name__)


class Absence:
    """Absence of the registry, as one client sees it.

    Args:
        effect: Start of the warning: what the absence means for this client.
    """

    def __init__(self, effect: str) -> None:
        self._effect = effect
        self._since: float | None = None
        self._logged = False

    def record(self, error: Exception) -> None:
        """Note a failed attempt."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if not self._logged and now - self._since >= QUIET_SECONDS:
            self._logged = True
            _LOG.warning("%s, because the registry does not answer: %s", self._effect, error)

    def end(self) -> None:
        """Note an answer."""
        if self._logged:
            _LOG.info("the registry answers again")
        self._since, self._logged = None, False
