"""Writer thread."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from sightline.tracestore.ingest.writer import NotStored, QueueFull, Writer
from sightline.tracestore.storage.store import Store
from tests.unit.tracestore.conftest import refuse_spans
from tests.unit.tracestore.spans import request, span


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
            await writer.write(request(span(1)), size_bytes=100)
            return store.spans

    assert asyncio.run(act()) == 1
    assert len(stored) == 1


def test_a_request_is_refused_when_the_queue_is_full(store: Store) -> None:
    async def act() -> list[object]:
        async with writing(store, [], max_queued_bytes=250) as writer:
            writes = [writer.write(request(span(n)), size_bytes=100) for n in range(1, 5)]
            return list(await asyncio.gather(*writes, return_exceptions=True))

    results = asyncio.run(act())
    assert [type(result) for result in results] == [type(None)] * 2 + [QueueFull] * 2
    assert store.spans == 2


def test_a_request_that_cannot_be_stored_affects_no_other(store: Store) -> None:
    refuse_spans(store, "span_id = x'0000000000000002'")

    async def act() -> list[object]:
        async with writing(store, []) as writer:
            writes = [writer.write(request(span(n)), size_bytes=100) for n in (1, 2, 3)]
            return list(await asyncio.gather(*writes, return_exceptions=True))

    results = asyncio.run(act())
    assert [type(result) for result in results] == [type(None), NotStored, type(None)]
    assert store.spans == 2


def test_a_closing_writer_acknowledges_stored_requests_only(store: Store) -> None:
    async def act() -> set[asyncio.Task[None]]:
        async with writing(store, []) as writer:
            send = (writer.write(request(span(n)), size_bytes=100) for n in range(1, 101))
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
            await asyncio.wait_for(writer.write(request(span(number)), size_bytes=1), timeout=30)
        await asyncio.to_thread(writer.close)
        return store.spans

    assert asyncio.run(act()) == 2
