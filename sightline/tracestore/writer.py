"""The one thread that writes: a bounded queue in front, one transaction for what waits in it."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.store import Store

_log = logging.getLogger(__name__)

MAX_WAITING_BYTES: Final = 32 * 1024 * 1024
"""Encoded size of the requests that may wait; decoded they take some five times as much."""

_TOGETHER: Final = 16
"""Requests in one transaction; with more, what arrives takes longer to be seen."""


class QueueFull(Exception):  # noqa: N818  the sender's cue to come again, answered with 503
    """Requests arrive faster than they can be stored."""


class NotStored(Exception):  # noqa: N818  as QueueFull
    """The disk refused."""


@dataclass(frozen=True, slots=True)
class _Request:
    data: TracesData
    bytes: int
    stored: asyncio.Future[None]


class Writer:
    """Stores requests in order of arrival; a request is answered once it is on disk."""

    def __init__(
        self,
        store: Store,
        *,
        seen: Callable[[TracesData], None],
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        """Start the thread; *seen* is told there of every request that was stored."""
        self._store = store
        self._max_waiting_bytes = max_waiting_bytes
        self._seen = seen
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def write(self, data: TracesData, *, size_bytes: int) -> None:
        """Return once *data* is stored.

        Raises:
            QueueFull: Too much is waiting; nothing was stored.
            NotStored: The disk refused; nothing was stored.
        """
        if self._waiting_bytes + size_bytes > self._max_waiting_bytes:
            raise QueueFull("sending queue is full")
        self._waiting_bytes += size_bytes
        stored = self._loop.create_future()
        self._queue.put(_Request(data, size_bytes, stored))
        try:
            await stored
        finally:
            self._waiting_bytes -= size_bytes

    def close(self) -> None:
        """End the thread after the transaction under way; what waits was not acknowledged."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._batch()) and not self._closed:
            self._write(batch)

    def _batch(self) -> list[_Request]:
        """What waits, at least one request; nothing once the writer is closed."""
        first = self._queue.get()
        batch = [first] if first else []
        while batch and len(batch) < _TOGETHER and not self._queue.empty():
            following = self._queue.get()
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _write(self, batch: list[_Request]) -> None:
        try:
            self._store.write([request.data for request in batch])
        except Exception as error:  # noqa: BLE001  the senders get it; the thread must live
            self._not_written(batch, error)
        else:
            for request in batch:
                self._tell(request.data)
                self._loop.call_soon_threadsafe(_answer, request.stored, None)

    def _tell(self, data: TracesData) -> None:
        try:
            self._seen(data)
        except Exception:  # noqa: BLE001  the thread must live, and the request is on disk
            _log.exception("a stored request is missing from the span metrics")

    def _not_written(self, batch: list[_Request], error: Exception) -> None:
        """One request may have spoilt it for the others: each gets a transaction of its own."""
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
