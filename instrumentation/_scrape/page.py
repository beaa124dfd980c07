"""What one ``/metrics`` shows: this process or, when it is one of several workers, all of them."""

import os
import sys
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.values import MutexValue, ValueClass

from instrumentation._support.cached_property import cached_property
from instrumentation._support.fork import new_lock
from instrumentation._support.guard import LOGGER, Guard

if TYPE_CHECKING:
    from instrumentation._scrape.snapshot import Samples, Snapshot
    from instrumentation._scrape.workers import Workers


def has_siblings() -> bool:
    """Whether a server started this process as one of its workers."""
    multiprocessing = sys.modules.get("multiprocessing")  # is what started it, if at all
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        return True  # uvicorn, hypercorn, granian
    return "gunicorn" in os.environ.get("SERVER_SOFTWARE", "")


def _warn_of_files() -> None:
    """Say what it costs that prometheus_client keeps its values in files."""
    if ValueClass is not MutexValue:
        LOGGER.warning(
            "PROMETHEUS_MULTIPROC_DIR is set: metrics lose their exemplars, and files stay behind; "
            "unset it, /metrics tells of all workers without it"
        )


class Page:
    """The samples of registries, to be asked for again and again.

    Args:
        registries: What this process counts.
        name: What the siblings call the same page and no other.
        guard: Keeps failures from the service.
    """

    def __init__(self, *registries: CollectorRegistry, name: str, guard: Guard) -> None:
        _warn_of_files()
        self._registries = registries
        self._reading = guard.operation("scrape")
        self._name = name
        self._guard = guard
        self._joining = guard.operation("workers_join")
        self._lock = new_lock()
        self._process = os.getpid()
        self._workers: Workers | None = None
        self._due = has_siblings()
        """Whether siblings are still to be met."""

    @cached_property
    def _samples(self) -> "Samples":
        from instrumentation._scrape.snapshot import Samples  # noqa: PLC0415  no service starts by it

        return Samples(*self._registries, reading=self._reading)

    def snapshot(self) -> "Snapshot":
        """What this process counted, or all workers together."""
        self.join()
        return self._samples.snapshot() if self._workers is None else self._workers.snapshot()

    def join(self) -> None:
        """Be there for the siblings, once in each process."""
        with self._joining, self._lock:  # a failure is logged once the lock is released
            if self._process != os.getpid():  # forked by a server that loads the service first
                self._process, self._due, self._workers = os.getpid(), True, None
            if self._due:
                self._due = False
                self._workers = self._met()

    def _met(self) -> "Workers":
        # Most services have one process.
        from instrumentation._scrape.workers import Workers  # noqa: PLC0415
        from instrumentation._scrape.workers_folder import Folder  # noqa: PLC0415

        return Workers(self._samples, Folder(self._name), self._guard)

    def close(self) -> None:
        """Leave the last word for the siblings; the page can still be asked for."""
        with self._joining:
            if self._workers is not None and self._process == os.getpid():
                self._workers.close()
