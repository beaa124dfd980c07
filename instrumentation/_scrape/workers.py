"""Several workers behind one port: a scrape of one worker answers for all.

The children of one server share a directory (``worker_directory.py``). Each listens there on a
Unix socket and serves its samples to its siblings. It persists every snapshot before it serves it.
An exited worker is therefore still included, and no counter decreases. The files of exited workers
are added up in one (``exited_workers.py``).
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from instrumentation._scrape.exited_workers import EMPTY, ExitedWorkers
from instrumentation._scrape.merge import merge
from instrumentation._scrape.snapshot_json import decode, encode
from instrumentation._scrape.worker_client import END, fetch_all
from instrumentation._scrape.worker_directory import WorkerDirectory, has_exited, worker_id
from instrumentation._scrape.worker_load import WorkerLoad
from instrumentation._support.fork import new_lock

if TYPE_CHECKING:
    from instrumentation._scrape.snapshot import RegistryReader, Snapshot
    from instrumentation._support.guard import Guard

ANSWER_SECONDS: Final = 1.0
"""Timeout of the siblings' answers; a slower sibling is included with its last snapshot."""

RETRY_SECONDS: Final = 0.1
"""Delay before the next ``accept()`` when the process is out of file descriptors."""

BACKLOG: Final = 16
"""Siblings in the listen queue: a resumed process must not work off hours of scrapes."""


class _Published(NamedTuple):
    """Last snapshot that this worker persisted."""

    number: int
    snapshot: Snapshot
    content: bytes


class Workers:
    """This worker and its siblings.

    Args:
        reader: Reads the samples of this worker.
        directory: Shared with the siblings.
        guard: Contains the errors of this class.

    Raises:
        OSError: The socket cannot be created.
    """

    def __init__(self, reader: RegistryReader, directory: WorkerDirectory, guard: Guard) -> None:
        self._reader = reader
        self._directory = directory
        self._worker_id = worker_id(os.getpid())
        self._load = WorkerLoad(os.getppid())
        self._answering = guard.operation("workers_answer")
        self._asking = guard.operation("workers_ask")
        self._exited = ExitedWorkers(directory, self._asking)
        self._publish_lock = new_lock()
        self._last = _Published(0, EMPTY, b"")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(directory.address(self._worker_id))
        self._socket.listen(BACKLOG)
        Thread(target=self._serve, name="sightline-workers", daemon=True).start()

    def _serve(self) -> None:
        with self._asking:  # before the first scrape: there may be many exited workers
            self._exited.absorb(filter(has_exited, self._directory.worker_ids()))
        while (sibling := self._accept()) is not None:
            with self._answering, sibling, suppress(OSError):
                sibling.settimeout(ANSWER_SECONDS)
                sibling.sendall(self._publish()[1] + END)

    def _accept(self) -> socket.socket | None:
        """Return the next connection of a sibling, or None once the socket is closed."""
        while self._socket.fileno() >= 0:
            try:
                return self._socket.accept()[0]
            except OSError:  # closed, or out of file descriptors
                time.sleep(RETRY_SECONDS)
        return None

    def _publish(self) -> tuple[Snapshot, bytes]:
        """Persist a snapshot of this worker and return it, decoded and encoded.

        Each snapshot is taken after the previous one was persisted, so no counter decreases. The
        samples are read without a lock, because collectors of the service run meanwhile. A thread
        that loses the race to another one tries again, or returns a snapshot that was begun after
        its own call.
        """
        number_at_call = self._last.number
        while (last := self._last).number < number_at_call + 2:
            snapshot = self._reader.snapshot()
            with self._answering:
                self._load.add(snapshot)
            published = _Published(last.number + 1, snapshot, encode(snapshot))
            if self._persist(published):
                return snapshot, published.content
        return last.snapshot, last.content

    def _persist(self, published: _Published) -> bool:
        """Write *published*; return False when another thread took its number."""
        with self._answering:  # a full disk must not prevent the answer
            with self._publish_lock:
                if self._last.number != published.number - 1:
                    return False
                self._last = published
                self._directory.write(self._worker_id, published.content)
            return True
        return True

    def snapshot(self) -> Snapshot:
        """Return the sum over all workers, exited ones included.

        Blocks for up to `ANSWER_SECONDS`, and for as long as collectors of the service take.
        """
        own, _ = self._publish()
        with self._asking:
            return merge([own, *self._siblings()])
        return own

    def _siblings(self) -> list[Snapshot]:
        siblings = self._directory.worker_ids() - {self._worker_id}
        exited = set(filter(has_exited, siblings))
        if exited:
            self._exited.absorb(exited)
        snapshots = {name: self._exited.snapshot_of(name) for name in exited}
        addresses = {name: self._directory.address(name) for name in siblings - exited}
        answers = fetch_all(addresses, within_seconds=ANSWER_SECONDS)
        snapshots |= {name: self._decode(name, answers.get(name)) for name in addresses}
        total = self._exited.total()  # last: see ExitedWorkers
        individual = [snapshots[name] for name in snapshots if name not in total.worker_ids]
        return [total.snapshot, *individual]

    def _decode(self, name: str, answer: bytes | None) -> Snapshot:
        """Return the answer of sibling *name* or, without one, its last persisted snapshot."""
        content = answer or self._directory.read(name)
        with self._asking:
            return decode(content) if content is not None else EMPTY
        return EMPTY

    def close(self) -> None:
        """Stop listening, and persist a last snapshot for the siblings."""
        with suppress(OSError):  # some systems refuse this on a listening socket
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread blocked in accept()
        self._socket.close()
        self._load.closed = True
        self._publish()
