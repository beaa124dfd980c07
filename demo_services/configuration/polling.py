"""Long polling of the configuration center, in a thread.

It uses `http.client`, which is not traced, because a poll that waits for half a minute belongs to
no trace. A thread of its own serves, because an answer may take as long as the center wants, and a
daemon does not delay the end of the process.
"""

import json
import logging
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Final
from urllib.parse import urlencode, urlsplit

from demo_services.configuration.documents import Document
from demo_services.configuration.source import Source
from demo_services.connections import connect
from demo_services.tls import Identity

WAIT_SECONDS: Final = 20.0
"""Time that the center may keep a request open."""
GRACE_SECONDS: Final = 5.0
"""Time beyond it after which the center counts as gone."""
FIRST_RETRY_SECONDS: Final = 0.2
MAX_RETRY_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 1_000_000

_LOG: Final = logging.getLogger(__name__)


class CenterError(Exception):
    """The center did not answer, or its answer is unusable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer of the center."""

    version: int
    document: Document | None
    """None if there is nothing newer."""
    canary: bool
    """True if the document was pushed to some instances only."""


class Poller(threading.Thread):
    """Thread that asks the center for documents until `stop`.

    Args:
        instance: Name of this instance, by which the center selects canaries.
        deliver: Called in this thread with each answer.
    """

    def __init__(
        self,
        source: Source,
        instance: str,
        identity: Identity | None,
        deliver: Callable[[Answer], None],
    ) -> None:
        super().__init__(name="configuration", daemon=True)
        self._path = f"/config/{source.application}/{source.profile}"
        self._url = urlsplit(source.url)
        self._instance = instance
        self._identity = identity
        self._deliver = deliver
        self._stopped = threading.Event()
        self._version = 0
        self._away = False

    def stop(self) -> None:
        """End the thread after its current request. Its answer is dropped."""
        self._stopped.set()

    def run(self) -> None:
        """Poll until `stop`. After a failure, wait longer each time, with jitter."""
        retry_seconds = FIRST_RETRY_SECONDS
        while not self._stopped.is_set():
            try:
                answer = self._ask()
            except CenterError as error:
                self._note_away(error)
                self._stopped.wait(retry_seconds * random.uniform(0.5, 1.0))
                retry_seconds = min(2 * retry_seconds, MAX_RETRY_SECONDS)
                continue
            retry_seconds = FIRST_RETRY_SECONDS
            self._away = False
            # A refused version is not asked for again.
            self._version = answer.version
            if not self._stopped.is_set():
                with suppress(RuntimeError):  # the loop was closed meanwhile
                    self._deliver(answer)

    def _ask(self) -> Answer:
        query = urlencode(
            {"version": self._version, "instance": self._instance, "wait": WAIT_SECONDS}
        )
        connection = connect(
            self._url.hostname or "",
            self._url.port,
            secure=self._url.scheme == "https",
            identity=self._identity,
            timeout_seconds=WAIT_SECONDS + GRACE_SECONDS,
        )
        try:
            connection.request("GET", f"{self._path}?{query}")
            response = connection.getresponse()
            return self._read(response.status, response.read(MAX_ANSWER_BYTES))
        except (OSError, HTTPException) as error:
            raise CenterError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _read(self, status: int, body: bytes) -> Answer:
        if status == HTTPStatus.NOT_MODIFIED:
            return Answer(version=self._version, document=None, canary=False)
        if status != HTTPStatus.OK:
            raise CenterError(f"the center answered {status}")
        try:
            answer = json.loads(body)
            version, document, canary = answer["version"], answer["document"], answer["canary"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise CenterError("the answer of the center is no document") from error
        if not (isinstance(version, int) and isinstance(document, dict)):
            raise CenterError("the answer of the center is no document")
        return Answer(version=version, document=document, canary=bool(canary))

    def _note_away(self, error: CenterError) -> None:
        if not self._away:
            _LOG.warning(
                "the configuration center does not answer; the configuration stays as it is",
                extra={"center": self._url.netloc, "reason": f"{error}"},
            )
        self._away = True
