"""Writer thread with a bounded queue; queued requests share a transaction."""

import asyncio
import itertools
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.storage.store import Store

_log = logging.getLogger(__name__)

MAX_QUEUED_BYTES: Final = 32 * 1024 * 1024
"""Size of queued requests, which are decoded when they are written: a decoded request takes up to
a hundred times the memory of its encoding."""

_MAX_BATCH: Final = 16
"""Requests in one transaction; larger ones delay the visibility of new spans."""

_MAX_BATCH_BYTES: Final = 1024 * 1024
"""Size of the requests in one transaction, unless it is a single one."""

_FIRST: Final = -1
"""Order of the end: before every part."""


class QueueFull(Exception):
    """Requests arrive faster than they are written."""


class NotStored(Exception):
    """SQLite returned an error."""


@dataclass(frozen=True, slots=True)
class _Request:
    body: bytes
    stored: asyncio.Future[None]
    alone: bool
    """True for a part of a large request, which fills a transaction."""


_Queued = tuple[int, int, _Request | None]
"""Number of the part in its request, number of the part in the queue, and the part."""


class Writer:
    """Writes requests in order of arrival and acknowledges each one after the commit.

    The first part of a request goes before later parts of large ones.
    """

    def __init__(
        self,
        store: Store,
        *,
        on_stored: Callable[[TracesData], None],
        max_queued_bytes: int = MAX_QUEUED_BYTES,
    ) -> None:
        """Start the thread; it calls *on_stored* with every request after the commit."""
        self._store = store
        self._max_queued_bytes = max_queued_bytes
        self._on_stored = on_stored
        self._queue: queue.PriorityQueue[_Queued] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._queued_bytes = 0
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def write(self, parts: Sequence[bytes]) -> None:
        """Return after all *parts* of a request are on disk; other requests may come in between.

        Raises:
            QueueFull: The queue is full; nothing was stored.
            NotStored: SQLite returned an error; the parts before it were stored.
        """
        size_bytes = sum(map(len, parts))
        if self._queued_bytes + size_bytes > self._max_queued_bytes:
            raise QueueFull("sending queue is full")
        self._queued_bytes += size_bytes
        unqueued_bytes = size_bytes
        try:
            for number, part in enumerate(parts):
                unqueued_bytes -= len(part)
                await self._write_part(part, number, alone=len(parts) > 1)
        finally:
            self._queued_bytes -= unqueued_bytes

    async def _write_part(self, part: bytes, number: int, *, alone: bool) -> None:
        stored = self._loop.create_future()
        self._queue.put((number, next(self._numbers), _Request(part, stored, alone)))
        try:
            await stored
        finally:
            # The future has the error, whose traceback has this frame and that of all parts: a
            # reference cycle, which would stay in memory until the garbage collector runs.
            del stored

    def close(self) -> None:
        """End the thread after the current transaction; queued requests stay unacknowledged."""
        self._closed = True
        self._queue.put((_FIRST, 0, None))
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._batch()) and not self._closed:
            self._write(batch)

    def _batch(self) -> list[_Request]:
        """Wait for a request and return it with those queued behind it; empty after `close()`."""
        batch: list[_Request] = []
        size_bytes = 0
        while not batch or (self._has_room(batch, size_bytes) and not self._queue.empty()):
            _, _, request = end = self._queue.get()
            if request is None:
                self._queue.put(end)
                break
            if request.stored.cancelled():  # its client has left and does not wait
                self._loop.call_soon_threadsafe(self._answer, request, None)
                continue
            batch.append(request)
            size_bytes += _MAX_BATCH_BYTES if request.alone else len(request.body)
        return batch

    @staticmethod
    def _has_room(batch: list[_Request], size_bytes: int) -> bool:
        return len(batch) < _MAX_BATCH and size_bytes < _MAX_BATCH_BYTES

    def _write(self, batch: list[_Request]) -> None:
        requests = [TracesData.FromString(request.body) for request in batch]
        try:
            self._store.write(requests)
        except Exception as error:  # noqa: BLE001  reported to the clients; the thread continues
            self._write_failed(batch, error)
        else:
            for request, data in zip(batch, requests, strict=True):
                self._call_on_stored(data)
                self._loop.call_soon_threadsafe(self._answer, request, None)

    def _call_on_stored(self, data: TracesData) -> None:
        try:
            self._on_stored(data)
        except Exception:  # noqa: BLE001  the request is on disk; the thread continues
            _log.exception("a stored request is not counted in the span metrics")

    def _write_failed(self, batch: list[_Request], error: Exception) -> None:
        """Retry each request of a failed *batch* in its own transaction."""
        if len(batch) > 1:
            for request in batch:
                self._write([request])
            return
        _log.error("a request of %d bytes was not stored: %s", len(batch[0].body), error)
        self._loop.call_soon_threadsafe(self._answer, batch[0], NotStored(str(error)))

    def _answer(self, request: _Request, problem: Exception | None) -> None:
        """Release the memory of *request*, which left the queue, and tell its client."""
        self._queued_bytes -= len(request.body)
        if request.stored.done():
            return
        if problem:
            request.stored.set_exception(problem)
        else:
            request.stored.set_result(None)
