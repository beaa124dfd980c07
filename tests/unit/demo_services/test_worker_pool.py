"""Worker pool: bounded queue, link to the submitter, orderly end."""

import asyncio
import logging
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from demo_services.database.opening import open_database
from demo_services.database.sqlite import MEMORY
from demo_services.events.outbox import Outbox
from demo_services.orders.customers import Customers
from demo_services.orders.owners import Owners
from demo_services.orders.routes import order_routes
from demo_services.orders.store import OrderStore
from demo_services.peer import PeerError, answer_peer_error
from demo_services.registry.balancer import Balancer
from demo_services.resilience import worker_pool
from demo_services.resilience.breaker import Policy
from demo_services.resilience.worker_pool import PoolFullError, WorkerPool
from demo_services.rpc.client import UsersClient
from instrumentation.testing import Recording
from tests.waiting import until_async

QUEUE = {"pool": "packing"}
ONE_WORKER = {"workers": 1, "capacity": 50}


def submit(pool: WorkerPool[str], *items: str) -> None:
    for item in items:
        with pool.reserve() as put:
            put(item)


BREAKER = Policy(
    window=20, min_calls=10, failure_ratio=0.5, slow_seconds=1, slow_ratio=0.8, open_seconds=5
)


async def never(_: Any) -> None:  # noqa: ANN401  an item of any type
    await asyncio.Event().wait()


def test_the_span_of_the_work_links_to_the_submitter(telemetry: Recording) -> None:
    done: list[str] = []

    async def work(item: str) -> None:
        done.append(item)

    async def main() -> None:
        async with WorkerPool("packing", work, telemetry=telemetry.telemetry, **ONE_WORKER) as pool:
            with telemetry.telemetry.tracer.start_as_current_span("place order"):
                submit(pool, "tea")

    asyncio.run(main())

    placed, sent, processed = telemetry.spans
    assert done == ["tea"]
    assert (sent.name, sent.trace_id) == ("send packing", placed.trace_id)
    assert (processed.name, processed.links) == ("process packing", (sent.span_id,))
    assert processed.trace_id != placed.trace_id
    assert telemetry.metric("worker_pool_queue_wait_time_seconds_count", **QUEUE) == 1


def test_a_full_queue_rejects_items_and_keeps_those_that_wait(telemetry: Recording) -> None:
    pool = WorkerPool("packing", never, telemetry=telemetry.telemetry, workers=0, capacity=2)
    submit(pool, "tea", "wine")

    with pytest.raises(PoolFullError, match="packing has 2 items in its queue"):
        submit(pool, "bread")

    assert telemetry.metric("worker_pool_queue_depth", **QUEUE) == 2
    assert telemetry.metric("worker_pool_queue_capacity", **QUEUE) == 2
    assert telemetry.metric("worker_pool_rejected_items_total", **QUEUE) == 1


def test_a_reserved_place_is_taken(telemetry: Recording) -> None:
    pool = WorkerPool("packing", never, telemetry=telemetry.telemetry, workers=0, capacity=1)

    with pool.reserve(), pytest.raises(PoolFullError):
        submit(pool, "tea")

    submit(pool, "tea")


def test_a_failed_item_is_recorded_and_the_next_one_processed(
    telemetry: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    async def work(item: str) -> None:
        if item == "broken":
            raise LookupError(item)
        done.append(item)

    async def main() -> None:
        async with WorkerPool("packing", work, telemetry=telemetry.telemetry, **ONE_WORKER) as pool:
            submit(pool, "broken", "tea")

    asyncio.run(main())

    assert done == ["tea"]
    assert [record.message for record in caplog.records] == ["an item of packing failed"]
    failed = telemetry.metric("messaging_process_duration_seconds_count", error_type="LookupError")
    assert failed == 1


def test_the_end_waits_for_items_within_its_limit(
    telemetry: Recording, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "DRAIN_SECONDS", 0.01)
    caplog.set_level(logging.ERROR)

    async def main() -> None:
        async with WorkerPool(
            "packing", never, telemetry=telemetry.telemetry, **ONE_WORKER
        ) as pool:
            submit(pool, "tea", "wine", "bread")
            await asyncio.sleep(0)

    asyncio.run(main())

    assert caplog.messages == ["packing ends with 2 items in its queue"]


def test_an_order_without_a_place_is_not_stored(telemetry: Recording) -> None:
    database = open_database(MEMORY, telemetry.telemetry, name="orders")
    store = OrderStore(database, Outbox(database))
    users = UsersClient(
        Balancer(["127.0.0.1:9"]), identity=None, telemetry=telemetry.telemetry, timeout_seconds=1
    )
    full = WorkerPool("packing", never, telemetry=telemetry.telemetry, workers=0, capacity=0)
    app = FastAPI()
    app.add_exception_handler(PeerError, answer_peer_error)
    owners = Owners(users, Customers(database), BREAKER, telemetry.telemetry.registry)
    app.include_router(order_routes(store, owners, full))

    async def place() -> tuple[Response, int]:
        order = {"user_id": 1, "product": "tea", "quantity": 1}
        client = AsyncClient(transport=ASGITransport(app), base_url="http://orders")
        async with store.database, client:
            before = await store.report(1)
            answer = await client.post("/orders", json=order)
            return answer, (await store.report(1)).orders - before.orders

    answer, stored = asyncio.run(place())

    assert (answer.status_code, answer.headers["retry-after"], stored) == (503, "1", 0)


def test_a_smaller_queue_keeps_its_items_and_accepts_no_more(telemetry: Recording) -> None:
    pool = WorkerPool("packing", never, telemetry=telemetry.telemetry, workers=0, capacity=2)
    submit(pool, "tea", "wine")

    pool.resize(workers=0, capacity=1)

    assert telemetry.metric("worker_pool_queue_depth", **QUEUE) == 2
    assert telemetry.metric("worker_pool_queue_capacity", **QUEUE) == 1
    with pytest.raises(PoolFullError, match="packing has 1 items in its queue"):
        submit(pool, "bread")


class Work:
    """Work that waits until the test frees it."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.busy: set[str] = set()
        self.started: list[int] = []
        """Number of items under way at each start."""

    async def __call__(self, item: str) -> None:
        self.busy.add(item)
        self.started.append(len(self.busy))
        await self.free.wait()
        self.busy.discard(item)

    async def until_busy(self, workers: int) -> None:
        async def enough() -> bool:
            return len(self.busy) == workers

        await until_async(enough, within_seconds=5)


def test_a_pool_gets_more_workers_and_fewer(telemetry: Recording) -> None:
    work = Work()

    async def main() -> None:
        async with WorkerPool("packing", work, telemetry=telemetry.telemetry, **ONE_WORKER) as pool:
            pool.resize(workers=3, capacity=50)
            submit(pool, *"abcde")
            await work.until_busy(3)
            pool.resize(workers=1, capacity=50)
            work.free.set()
            await work.until_busy(0)
            work.free.clear()
            submit(pool, *"fgh")
            await work.until_busy(1)
            work.free.set()

    asyncio.run(main())

    assert max(work.started[:5]) == 3
    assert work.started[-3:] == [1, 1, 1]
