"""Writer thread with a bounded queue; queued requests share a transaction."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.storage.store import Store

_log = logging.getLogger(__name__)

MAX_QUEUED_BYTES: Final = 32 * 1024 * 1024
"""Encoded size of queued requests. Decoded, they take about five times as much memory."""

_MAX_BATCH: Final = 16
"""Requests in one transaction; larger ones delay the visibility of new spans."""


class QueueFull(Exception):
    """Requests arrive faster than they are written."""


class NotStored(Exception):
    """SQLite returned an error."""


@dataclass(frozen=True, slots=True)
class _Request:
    data: TracesData
    bytes: int
    stored: asyncio.Future[None]


class Writer:
    """Writes requests in order of arrival and acknowledges each one after the commit."""

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
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._queued_bytes = 0
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def write(self, data: TracesData, *, size_bytes: int) -> None:
        """Return after *data* is on disk.

        Raises:
            QueueFull: The queue is full; nothing was stored.
            NotStored: SQLite returned an error; nothing was stored.
        """
        if self._queued_bytes + size_bytes > self._max_queued_bytes:
            raise QueueFull("sending queue is full")
        self._queued_bytes += size_bytes
        stored = self._loop.create_future()
        self._queue.put(_Request(data, size_bytes, stored))
        try:
            await stored
        finally:
            self._queued_bytes -= size_bytes

    def close(self) -> None:
        """End the thread after the current transaction; queued requests stay unacknowledged."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._batch()) and not self._closed:
            self._write(batch)

    def _batch(self) -> list[_Request]:
        """Wait for a request and return it with those queued behind it; empty after `close()`."""
        first = self._queue.get()
        batch = [first] if first else []
        while batch and len(batch) < _MAX_BATCH and not self._queue.empty():
            following = self._queue.get()
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _write(self, batch: list[_Request]) -> None:
        try:
            self._store.write([request.data for request in batch])
        except Exception as error:  # noqa: BLE001  reported to the clients; the thread continues
            self._write_failed(batch, error)
        else:
            for request in batch:
                self._call_on_stored(request.data)
                self._loop.call_soon_threadsafe(_answer, request.stored, None)

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
        _log.error("a request of %d bytes was not stored: %s", batch[0].bytes, error)
        self._loop.call_soon_threadsafe(_answer, batch[0].stored, NotStored(str(error)))


def _answer(stored: asyncio.Future[None], problem: Exception | None) -> None:
    if stored.done():
        return
    if problem:
        stored.set_exception(problem)
    else:
        stored.set_result(None)
