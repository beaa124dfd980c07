"""State of the configuration center: pushes, canaries, promotions, rollbacks, long polling."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry

from demo_services.configuration.checking import ConfigurationError, check, check_encryption
from demo_services.configuration.documents import Document, changed_keys
from demo_services.configuration.models import APPLICATIONS
from demo_services.configuration.source import Source
from demo_services.control.configuration.revision import Action, Revision, Shelf, Target
from demo_services.control.configuration.storage import Storage
from demo_services.metrics import counter
from demo_services.waiters import Waiters
from instrumentation.service_metrics import CONFIGURATION_PUSHES

MAX_WAITERS: Final = 100
"""Limit on the polls that wait, each of which holds a connection."""
MAX_HISTORY: Final = 20

_AUDIT: Final = logging.getLogger(f"{__name__}.audit")

Key = tuple[str, str]
"""Application and profile."""


class ConflictError(Exception):
    """The state of the center does not allow the change. The message has the next step."""


class Center:
    """Documents by application and profile. Each change is checked, stored and logged.

    Args:
        storage: File of the documents.
        now: Clock, in UTC.
    """

    def __init__(
        self,
        storage: Storage,
        registry: CollectorRegistry,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._storage = storage
        self._now = now
        self._shelves = storage.read()
        self._waiters = Waiters(MAX_WAITERS, "polls")
        pushes = counter(CONFIGURATION_PUSHES, registry)
        self._accepted, self._refused = map(pushes.labels, ("accepted", "refused"))

    def shelf(self, key: Key) -> Shelf:
        """Return the revisions of an application and profile."""
        return self._shelves.get(key, Shelf())

    async def poll(
        self, key: Key, instance: str, version: int, wait_seconds: float
    ) -> Revision | None:
        """Return the revision for *instance* as soon as it is another than *version*.

        A center without a document has nothing to say, so instances keep the one that they have.

        Returns:
            None if there is no other one within *wait_seconds*.

        Raises:
            BusyError: Too many polls wait.
        """

        def find() -> Revision | None:
            found = self.shelf(key).serves(instance)
            return found if found and found.version != version else None

        return await self._waiters.wait(find, within_seconds=wait_seconds)

    def end_polls(self) -> None:
        """Answer all polls, because the service stops and waits for its requests."""
        self._waiters.end()

    def push(
        self, key: Key, document: Document, author: str, target: Target | None = None
    ) -> Revision:
        """Push *document* to the instances of *target*, or to all.

        Raises:
            ConfigurationError: The model of the application refuses it. Nothing changes.
            ConflictError: A canary is under way, or there is nothing that it could return to.
        """
        shelf = self.shelf(key)
        if shelf.canary:
            raise self._conflict(key, author, "promote or drop the canary first")
        if target and not shelf.stable:
            reason = "push a document to all instances first, to which a drop can return"
            raise self._conflict(key, author, reason)
        self._check(key, document, author)
        return self._change(key, "canary" if target else "push", document, author, target)

    def promote(self, key: Key, author: str) -> Revision:
        """Push the document of the canary to all instances.

        Raises:
            ConflictError: There is no canary.
        """
        canary = self.shelf(key).canary
        if not canary:
            raise self._conflict(key, author, "there is no canary")
        return self._change(key, "promotion", canary.document, author)

    def drop(self, key: Key, author: str) -> Revision:
        """Push the document of the other instances to those of the canary.

        Raises:
            ConflictError: There is no canary.
        """
        shelf = self.shelf(key)
        if not shelf.canary or not shelf.stable:
            raise self._conflict(key, author, "there is no canary")
        return self._change(key, "drop", shelf.stable.document, author)

    def rollback(self, key: Key, version: int, author: str) -> Revision:
        """Push the document of an earlier *version* to all instances. A canary ends.

        Raises:
            ConfigurationError: The model has changed meanwhile and refuses it.
            ConflictError: The history has no such version.
        """
        found = [each for each in self.shelf(key).history if each.version == version]
        if not found:
            raise self._conflict(key, author, f"the history has no version {version}")
        self._check(key, found[0].document, author)
        return self._change(key, "rollback", found[0].document, author)

    def refuse(self, key: Key, author: str, reasons: list[str]) -> None:
        """Count and log a change that is not made. *reasons* hold no secrets."""
        self._refused.inc()
        self._audit("refusal", key, author, reasons=reasons)

    def _check(self, key: Key, document: Document, author: str) -> None:
        application, profile = key
        model = APPLICATIONS[application]
        source = Source.from_env({"CONFIG_PROFILE": profile}, application)
        layers = source.layers(document)
        try:
            # First the model, which refuses unknown keys however deep they are.
            check(model, layers)
            check_encryption(model, layers)
        except ConfigurationError as error:
            places = [f"{each.place}: expected {each.expected}" for each in error.problems]
            self.refuse(key, author, places)
            raise

    def _conflict(self, key: Key, author: str, reason: str) -> ConflictError:
        self.refuse(key, author, [reason])
        return ConflictError(reason)

    def _change(
        self,
        key: Key,
        action: Action,
        document: Document,
        author: str,
        target: Target | None = None,
    ) -> Revision:
        shelf, now = self.shelf(key), self._now()
        revision = Revision(
            version=shelf.next_version(now),
            action=action,
            author=author,
            at=now,
            document=dict(document),
            target=target,
        )
        new = Shelf(
            stable=shelf.stable if target else revision,
            canary=revision if target else None,
            history=(revision, *shelf.history)[:MAX_HISTORY],
        )
        # Written before it is served: services never have a version that a restart would lose.
        self._storage.write({**self._shelves, key: new})
        self._shelves[key] = new
        self._waiters.announce()
        self._accepted.inc()
        before = shelf.stable.document if shelf.stable else {}
        self._audit(
            action,
            key,
            author,
            version=revision.version,
            keys=changed_keys(before, document),
            target=target.model_dump() if target else "all",
        )
        return revision

    def _audit(self, action: str, key: Key, author: str, **details: object) -> None:
        application, profile = key
        subject = {"application": application, "profile": profile, "author": author}
        _AUDIT.info("configuration %s", action, extra={"action": action, **subject, **details})
