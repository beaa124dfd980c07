"""Errors that the supervisor works around: said once in its log, shown until they are over."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sightline.errors import SightlineError

AGAIN_AFTER_SECONDS: Final = 600.0
"""Least time between two log lines about one kind of error."""


class Troubles:
    """Open errors by subject.

    Args:
        say: Receives each line for the log; it must not raise.
    """

    def __init__(
        self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._now = now
        self._said: dict[tuple[str, str], float] = {}
        self._open: dict[str, str] = {}

    @property
    def open(self) -> dict[str, str]:
        """A sentence for each subject that fails now."""
        return dict(self._open)

    @contextmanager
    def attempt(self, subject: str, next_step: str = "") -> Iterator[None]:
        """Run a block that may fail; the next success with the same *subject* ends its trouble.

        Args:
            subject: Name of the thing that may fail, for people.
            next_step: Advice for errors whose own message has none.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001  no error may end the process that keeps others
            self._note(subject, error, next_step)
        else:
            if self._open.pop(subject, None):
                self._say(f"{subject}: works again")

    def _note(self, subject: str, error: Exception, next_step: str) -> None:
        sentence = str(error) if isinstance(error, SightlineError) else f"{error!r}; {next_step}"
        if isinstance(error, OSError):
            sentence = f"{error}; {next_step}"
        self._open[subject] = sentence
        kind = (subject, type(error).__name__)
        if self._now() - self._said.get(kind, -AGAIN_AFTER_SECONDS) < AGAIN_AFTER_SECONDS:
            return
        self._said[kind] = self._now()
        self._say(f"{subject}: {sentence}")
        if not isinstance(error, (OSError, SightlineError)):
            self._say("".join(traceback.format_exception(error)))
