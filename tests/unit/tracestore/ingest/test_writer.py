"""Writer thread."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.ingest.writer import NotStored, QueueFull, Writer
from sightline.tracestore.storage.store import Store
from tests.unit.tracestore.conftest import refuse_spans
from tests.unit.tracestore.spans import encoded, span


@asynccontextmanager
async def writing(
    store: Store, stored: list[TracesData], *, max_queued_bytes: int = 10_000
) -> AsyncIterator[Writer]:
    writer = Writer(store, on_stored=stored.append, max_queued_bytes=max_queued_bytes)
    try:
        yield writer
    finally:
        await asyncio.to_thread(writer.close)


def test_a_request_is_stored_when_the_call_returns(store: Store) -> None:
    stored: list[TracesData] = []

    async def act() -> int:
        async with writing(store, stored) as writer:
            await writer.write([encoded(span(1))])
            return store.spans

    assert asyncio.run(act()) == 1
    assert len(stored) == 1


def test_a_request_is_refused_when_the_queue_is_full(store: Store) -> None:
    async def act() -> list[object]:
        async with writing(store, [], max_queued_bytes=2 * len(encoded(span(1)))) as writer:
            writes = [writer.write([encoded(span(n))]) for n in range(1, 5)]
            return list(await asyncio.gather(*writes, return_exceptions=True))

    results = asyncio.run(act())
    assert [type(result) for result in results] == [type(None)] * 2 + [QueueFull] * 2
    assert store.spans == 2


def start(writer: Writer, *parts: str) -> asyncio.Task[None]:
    """Start to write a request with a span in each of *parts*."""
    return asyncio.create_task(writer.write([encoded(span(1, name)) for name in parts]))


def test_a_request_goes_before_later_parts_of_large_ones(store: Store) -> None:
    names, stored, free = [], threading.Semaphore(0), threading.Semaphore(0)

    def wait_for_disk(data: TracesData) -> None:
        names.append(data.resource_spans[0].scope_spans[0].spans[0].name)
        stored.release()
        free.acquire()

    async def act() -> None:
        writer = Writer(store, on_stored=wait_for_disk)
        tasks = [start(writer, "a1", "a2")]
        await asyncio.to_thread(stored.acquire)
        tasks.append(start(writer, "b1", "b2"))
        await asyncio.sleep(0)
        free.release()
        await asyncio.to_thread(stored.acquire)
        tasks.append(start(writer, "usual"))
        await asyncio.sleep(0)
        free.release(10)
        await asyncio.gather(*tasks)
        await asyncio.to_thread(writer.close)

    asyncio.run(act())
    assert names == ["a1", "b1", "usual", "a2", "b2"]


def test_a_request_whose_client_left_counts_until_it_leaves_the_queue(store: Store) -> None:
    body, disk_is_slow, disk_is_free = encoded(span(1)), threading.Event(), threading.Event()

    def wait_for_disk(_: TracesData) -> None:
        disk_is_slow.set()
        disk_is_free.wait()

    async def act() -> None:
        writer = Writer(store, on_stored=wait_for_disk, max_queued_bytes=3 * len(body))
        first = asyncio.create_task(writer.write([body]))
        await asyncio.to_thread(disk_is_slow.wait)
        for leaving in (asyncio.create_task(writer.write([body])) for _ in range(2)):
            await asyncio.sleep(0)
            leaving.cancel()
        late = asyncio.wait_for(writer.write([body]), timeout=10)
        refused = await asyncio.gather(late, return_exceptions=True)
        disk_is_free.set()
        await first
        await asyncio.to_thread(writer.close)
        assert [type(error) for error in refused] == [QueueFull]

    asyncio.run(act())


def test_a_request_that_cannot_be_stored_affects_no_other(store: Store) -> None:
    refuse_spans(store, "span_id = x'0000000000000002'")

    async def act() -> list[object]:
        async with writing(store, []) as writer:
            writes = [writer.write([encoded(span(n))]) for n in (1, 2, 3)]
            return list(await asyncio.gather(*writes, return_exceptions=True))

    results = asyncio.run(act())
    assert [type(result) for result in results] == [type(None), NotStored, type(None)]
    assert store.spans == 2


def test_a_request_that_is_not_stored_is_free_before_the_garbage_collector_runs(
    store: Store, held_bytes: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # the captured log keeps the errors
    refuse_spans(store, "span_id IS NOT NULL")
    size_bytes = 100_000

    async def act() -> int:
        async with writing(store, [], max_queued_bytes=2 * size_bytes) as writer:
            for number in range(1, 21):
                with suppress(NotStored):
                    await writer.write([encoded(span(number, "n" * size_bytes))])
            return held_bytes()

    assert asyncio.run(act()) < 5 * size_bytes


def test_the_parts_of_a_request_are_written_between_other_requests(store: Store) -> None:
    stored: list[TracesData] = []
    large, small = [encoded(span(n, "large")) for n in range(1, 4)], [encoded(span(9, "small"))]

    async def act() -> None:
        async with writing(store, stored) as writer:
            await asyncio.gather(writer.write(large), writer.write(small))

    asyncio.run(act())
    names = [data.resource_spans[0].scope_spans[0].spans[0].name for data in stored]
    assert sorted(names) == ["large", "large", "large", "small"]
    assert names[-1] == "large"


def test_a_closing_writer_acknowledges_stored_requests_only(store: Store) -> None:
    async def act() -> set[asyncio.Task[None]]:
        async with writing(store, []) as writer:
            send = (writer.write([encoded(span(n))]) for n in range(1, 101))
            tasks = {asyncio.create_task(write) for write in send}
            await asyncio.sleep(0)
        _, waiting = await asyncio.wait(tasks, timeout=0)
        return waiting

    waiting = asyncio.run(act())
    assert store.spans + len(waiting) >= 100


def test_an_error_of_the_callback_affects_neither_request_nor_thread(store: Store) -> None:
    def fails(_: TracesData) -> None:
        raise KeyError("labels")

    async def act() -> int:
        writer = Writer(store, on_stored=fails)
        for number in (1, 2):
            await asyncio.wait_for(writer.write([encoded(span(number))]), timeout=30)
        await asyncio.to_thread(writer.close)
        return store.spans

    assert asyncio.run(act()) == 2
