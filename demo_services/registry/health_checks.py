"""Health checks of the registry: one GET of each instance in its interval."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Final

from demo_services.probe import answers
from demo_services.registry.catalog import Catalog, Entry
from demo_services.registry.registration import Check, Instance
from demo_services.tls import Identity

MAX_CONCURRENT: Final = 20
"""Limit on concurrent checks. All instances of a full catalog hang for 20 seconds at most."""
TICK_SECONDS: Final = 0.25


class Checker:
    """Checks the instances of *catalog*, and removes those that stay critical.

    Args:
        identity: Certificate of the registry for checks with ``https``.
    """

    def __init__(self, catalog: Catalog, identity: Identity | None) -> None:
        self._catalog = catalog
        self._identity = identity
        self._checked: dict[str, tuple[Instance, float]] = {}
        """Checked instance, and the time of its next check, by id."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Check until the block ends."""
        checking = asyncio.create_task(self._run())
        yield
        checking.cancel()
        with suppress(asyncio.CancelledError):
            await checking

    async def _run(self) -> None:
        pool = ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="health-check")
        try:
            async with asyncio.TaskGroup() as checks:
                while True:
                    for entry in self._due():
                        checks.create_task(self._check(entry.instance, pool))
                    await asyncio.sleep(TICK_SECONDS)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _due(self) -> list[Entry]:
        """Return the entries to check now. A new instance is checked at once."""
        now = self._catalog.clock()
        entries = [entry for entry in self._catalog.entries() if entry.instance.check]
        before, self._checked = self._checked, {}
        due = []
        for entry in entries:
            instance, next_check = before.get(entry.instance.id, (None, 0.0))
            if instance is not entry.instance or next_check <= now:
                due.append(entry)
                next_check = now + _check_of(entry.instance).interval_seconds
            self._checked[entry.instance.id] = (entry.instance, next_check)
        return due

    async def _check(self, instance: Instance, pool: ThreadPoolExecutor) -> None:
        passing = await asyncio.get_running_loop().run_in_executor(pool, self._answers, instance)
        self._catalog.record(instance, passing=passing)
        self._remove_if_lost(instance)

    def _answers(self, instance: Instance) -> bool:
        check = _check_of(instance)
        identity = self._identity if check.url.startswith("https:") else None
        return answers(check.url, identity=identity, timeout_seconds=check.timeout_seconds)

    def _remove_if_lost(self, instance: Instance) -> None:
        limit = _check_of(instance).remove_after_seconds
        for entry in self._catalog.entries(instance.service):
            critical_seconds = self._catalog.clock() - entry.changed_at
            lost = limit is not None and not entry.passing and critical_seconds >= limit
            if lost and entry.instance is instance:
                self._catalog.deregister(instance.id)


def _check_of(instance: Instance) -> Check:
    if instance.check is None:
        raise ValueError(f"{instance.id}: expected an instance with a check")
    return instance.check
