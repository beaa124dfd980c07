"""Counts of exited workers, added up in one file of constant size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from instrumentation._scrape.merge import keep_cumulative, merge
from instrumentation._scrape.snapshot import Snapshot
from instrumentation._scrape.snapshot_json import decode, encode
from instrumentation._scrape.worker_directory import EXITED, WorkerDirectory
from instrumentation._scrape.worker_load import with_exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from instrumentation._support.guard import Operation

MAX_IDS: Final = 1000
"""Worker ids kept in the file: more than can exit during one scrape."""

EMPTY: Final = Snapshot({}, [], {})


class ExitedTotal(NamedTuple):
    """Sum over the exited workers."""

    worker_ids: list[str]
    """Workers included, the latest last. Their own files, if still present, must be skipped."""
    snapshot: Snapshot


class ExitedWorkers:
    """Exited workers of one directory.

    The file with the total is replaced atomically, and the worker's own file is removed
    afterwards. A reader therefore counts each worker exactly once if it reads the workers' files
    first, the total last, and skips the ids in the total. That holds when a process is killed at
    any point.

    Args:
        directory: Holds the workers' files.
        operation: Contains the errors of one corrupt file. If nothing can be written, the
            workers' files are kept and read individually.
    """

    def __init__(self, directory: WorkerDirectory, operation: Operation) -> None:
        self._directory = directory
        self._operation = operation
        self._cache: tuple[tuple[int, ...], ExitedTotal] = ((), ExitedTotal([], EMPTY))

    def absorb(self, worker_ids: Iterable[str]) -> None:
        """Add the files of exited workers to the total and remove them.

        Does nothing while a sibling does the same.
        """
        with self._operation, self._directory.try_lock() as locked:
            if locked:
                self._absorb(set(worker_ids))

    def _absorb(self, worker_ids: set[str]) -> None:
        included, snapshot = self.total()
        added = sorted(worker_ids.difference(included))
        if added:
            total = merge([snapshot, *map(self.snapshot_of, added)])
            heading = json.dumps([*included, *added][-MAX_IDS:]).encode()
            self._directory.write(EXITED, heading + b"\n" + encode(total))
        self._directory.remove(worker_ids)

    def total(self) -> ExitedTotal:
        """Return the total as it stands in the file, parsed once for each version of the file."""
        version = self._directory.version(EXITED)
        if version != self._cache[0]:
            self._cache = version, self._read()
        return self._cache[1]

    def _read(self) -> ExitedTotal:
        with self._operation:
            heading, _, total = (self._directory.read(EXITED) or b"").partition(b"\n")
            return ExitedTotal(json.loads(heading), decode(total))
        return ExitedTotal([], EMPTY)

    def snapshot_of(self, worker_id: str) -> Snapshot:
        """Return the last counts of one exited worker, with its exit, without its gauges."""
        content = self._directory.read(worker_id)
        with self._operation:
            return with_exit(keep_cumulative(decode(content))) if content is not None else EMPTY
        return EMPTY
