"""Current errors of the supervisor: logged once, listed in the state until they end."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sightline.errors import SightlineError

LOG_INTERVAL_SECONDS: Final = 600.0
"""Minimum time between two log lines about one kind of error."""


class Problems:
    """Open errors by subject.

    Args:
        log: Receives each line for the log; it must not raise.
    """

    def __init__(
        self, log: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._now = now
        self._logged_at: dict[tuple[str, str], float] = {}
        self._open: dict[str, str] = {}

    @property
    def open(self) -> dict[str, str]:
        """Message of each failing subject."""
        return dict(self._open)

    @contextmanager
    def attempt(self, subject: str, next_step: str = "") -> Iterator[None]:
        """Run a block that may fail; its next success with the same *subject* ends the problem.

        Args:
            subject: Name of the operation for messages.
            next_step: Advice for errors without one in their message.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001  no error may end the supervisor
            self._record(subject, error, next_step)
        else:
            if self._open.pop(subject, None):
                self._log(f"{subject}: works again")

    def _record(self, subject: str, error: Exception, next_step: str) -> None:
        message = str(error) if isinstance(error, SightlineError) else f"{error!r}; {next_step}"
        if isinstance(error, OSError):
            message = f"{error}; {next_step}"
        self._open[subject] = message
        kind = (subject, type(error).__name__)
        if self._now() - self._logged_at.get(kind, -LOG_INTERVAL_SECONDS) < LOG_INTERVAL_SECONDS:
            return
        self._logged_at[kind] = self._now()
        self._log(f"{subject}: {message}")
        if not isinstance(error, (OSError, SightlineError)):
            self._log("".join(traceback.format_exception(error)))
