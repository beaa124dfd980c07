"""Pool of workers behind a bounded queue, in one event loop.

::

    async with WorkerPool("fulfilment", fulfil, telemetry=telemetry) as pool:
        with pool.reserve() as submit:  # raises PoolFullError before there is anything to lose
            submit(store(order))

An item carries the context of the request that submitted it. The span of its work has a link to
that request, because the request does not wait for it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Final, Generic, NamedTuple, Self, TypeVar

from demo_services.metrics import counter, gauge, histogram
from instrumentation import Telemetry
from instrumentation.messaging import Channel
from instrumentation.service_metrics import (
    WORKER_POOL_QUEUE_CAPACITY,
    WORKER_POOL_QUEUE_DEPTH,
    WORKER_POOL_QUEUE_WAIT_TIME_SECONDS,
    WORKER_POOL_REJECTED_ITEMS,
)

_LOG: Final = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 1.0
"""Time at the end for items in the queue. Those that remain are counted in a log line."""

Item = TypeVar("Item")


class PoolFullError(Exception):
    """The queue has no place for another item."""


class _Entry(NamedTuple, Generic[Item]):
    item: Item
    headers: dict[str, str]
    submitted_at: float


class WorkerPool(Generic[Item]):
    """Workers that run as long as the context manager is open, and end with it.

    Args:
        name: Name of the queue in spans and metrics.
        work: Called with each item. An exception is recorded and logged; the worker goes on.
        workers: Number of items that are worked on at the same time.
        capacity: Number of items that may wait.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Item], Awaitable[object]],
        *,
        telemetry: Telemetry,
        workers: int,
        capacity: int,
    ) -> None:
        self._name = name
        self._work = work
        self._workers = workers
        self._capacity = capacity
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._queue: asyncio.Queue[_Entry[Item]] = asyncio.Queue()
        self._reserved = 0
        self._channel = Channel(telemetry, system="in_process", destination=name)
        registry = telemetry.registry
        self._wait_times = histogram(WORKER_POOL_QUEUE_WAIT_TIME_SECONDS, registry).labels(name)
        self._rejected = counter(WORKER_POOL_REJECTED_ITEMS, registry).labels(name)
        self._capacities = gauge(WORKER_POOL_QUEUE_CAPACITY, registry).labels(name)
        self._capacities.set(capacity)
        gauge(WORKER_POOL_QUEUE_DEPTH, registry).labels(name).set_function(self._queue.qsize)
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._group = await self._running.enter_async_context(asyncio.TaskGroup())
        self._start_workers()
        self._running.push_async_callback(self._drain)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    def resize(self, *, workers: int, capacity: int) -> None:
        """Change the size. Items in the queue stay, and a surplus worker ends after its next item.

        Args:
            workers: As for the class.
            capacity: As for the class.
        """
        self._workers = workers
        self._capacity = capacity
        self._capacities.set(capacity)
        self._start_workers()

    @contextmanager
    def reserve(self) -> Iterator[Callable[[Item], None]]:
        """Hold one place in the queue for the item that the block submits.

        Raises:
            PoolFullError: There is no place.
        """
        if self._queue.qsize() + self._reserved >= self._capacity:
            self._rejected.inc()
            raise PoolFullError(f"{self._name} has {self._capacity} items in its queue")
        self._reserved += 1
        try:
            yield self._submit
        finally:
            self._reserved -= 1

    def _submit(self, item: Item) -> None:
        headers: dict[str, str] = {}
        with self._channel.sending(headers):
            self._queue.put_nowait(_Entry(item, headers, time.perf_counter()))

    def _start_workers(self) -> None:
        if self._group is None:
            return
        for _ in range(self._workers - len(self._tasks)):
            task = self._group.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        surplus = False
        while not surplus:
            entry = await self._queue.get()
            self._wait_times.observe(time.perf_counter() - entry.submitted_at)
            try:
                with self._channel.processing(entry.headers):
                    await self._work(entry.item)
            except Exception:
                _LOG.exception("an item of %s failed", self._name)
            finally:
                self._queue.task_done()
            surplus = len(self._tasks) > self._workers
            if surplus:  # before another worker looks
                self._tasks.discard(asyncio.current_task())

    async def _drain(self) -> None:
        self._group = None
        try:
            await asyncio.wait_for(self._queue.join(), DRAIN_SECONDS)
        except TimeoutError:
            _LOG.error("%s ends with %d items in its queue", self._name, self._queue.qsize())
        for task in self._tasks:
            task.cancel()
