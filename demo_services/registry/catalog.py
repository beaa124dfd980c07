"""Catalog of the registry: instances with their status, and an index that grows with changes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry

from demo_services.metrics import gauge
from demo_services.registry.registration import Instance, Registration
from demo_services.waiters import Waiters
from instrumentation.service_metrics import SERVICE_REGISTRY_INSTANCES

MAX_INSTANCES: Final = 200
"""Limit on registered instances. A further one is rejected."""
MAX_WAITERS: Final = 256
"""Limit on blocking queries. A further one is rejected."""

PASSING: Final = "passing"
CRITICAL: Final = "critical"


class CatalogFullError(Exception):
    """The catalog has as many instances as it may have."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """Instance with its status."""

    instance: Instance
    passing: bool
    changed_at: float
    """Time of the last change of the status, on the clock of the catalog."""

    @property
    def status(self) -> str:
        """The status in Consul's words."""
        return PASSING if self.passing else CRITICAL


class Catalog:
    """Instances by id, for the coroutines of one event loop.

    Args:
        registry: Gets the number of instances.
        clock: Clock in seconds.
    """

    def __init__(
        self, registry: CollectorRegistry, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._entries: dict[str, Entry] = {}
        self._counts = gauge(SERVICE_REGISTRY_INSTANCES, registry)
        # It starts at the time, so that a restarted registry never repeats an index.
        self.index = time.time_ns() // 1_000_000
        self._waiters = Waiters(MAX_WAITERS, "queries")

    def register(self, registration: Registration) -> None:
        """Add an instance, or replace the one of the same id.

        Raises:
            CatalogFullError: There is no place for another instance.
        """
        instance, passing = registration.instance, registration.passing
        known = self._entries.get(instance.id)
        if known is None and len(self._entries) >= MAX_INSTANCES:
            raise CatalogFullError(f"the registry has {MAX_INSTANCES} instances")
        if known is not None and known.instance == instance:
            return  # a renewal keeps the status that the checks found
        self._entries[instance.id] = Entry(
            instance=instance, passing=passing, changed_at=self.clock()
        )
        self._announce(*{instance.service, known.instance.service if known else instance.service})

    def deregister(self, instance_id: str) -> bool:
        """Remove an instance. Return false if it is unknown."""
        entry = self._entries.pop(instance_id, None)
        if entry is not None:
            self._announce(entry.instance.service)
        return entry is not None

    def record(self, instance: Instance, *, passing: bool) -> None:
        """Set the status that a check of *instance* found, unless it was replaced meanwhile."""
        entry = self._entries.get(instance.id)
        if entry is None or entry.instance is not instance or entry.passing == passing:
            return
        entry.passing, entry.changed_at = passing, self.clock()
        self._announce(instance.service)

    def entries(self, service: str | None = None) -> Sequence[Entry]:
        """Return the entries of *service*, or all."""
        return [
            entry
            for entry in self._entries.values()
            if service is None or entry.instance.service == service
        ]

    async def wait(self, index: int, *, within_seconds: float) -> None:
        """Wait until the index differs from *index*, at most for a time.

        Raises:
            BusyError: Too many others wait.
        """
        if self._waiters.ending or index != self.index:
            return
        await self._waiters.wait(lambda: index != self.index, within_seconds=within_seconds)

    def end_waits(self) -> None:
        """Answer all queries, because the service stops and waits for its requests."""
        self._waiters.end()

    def _announce(self, *services: str) -> None:
        for service in services:
            self._count(service)
        self.index += 1
        self._waiters.announce()

    def _count(self, service: str) -> None:
        found = [entry.status for entry in self.entries(service)]
        for status in (PASSING, CRITICAL):
            if found:
                self._counts.labels(service, status).set(found.count(status))
            else:
                self._counts.remove(service, status)
