"""Every kind of database behaves alike behind `Database`."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from demo_services.database.opening import open_database
from demo_services.database.pool import Database
from demo_services.database.statement import Schema, Statement, UnavailableError
from demo_services.latency import Latency
from instrumentation.testing import Recording

Result = TypeVar("Result")
Open = Callable[[], Database]

SCHEMA = Schema(
    tables="CREATE TABLE IF NOT EXISTS stock (id IDENTITY, units BIGINT NOT NULL)",
    insert="INSERT INTO stock (id, units) VALUES (?, ?) ON CONFLICT DO NOTHING",
    rows=[(1, 100)],
)
QUICK = Latency(name="quick", median_seconds=0.001, sigma=0.1)
SLOW = Latency(name="slow", median_seconds=1.5, sigma=0.0)

ADD = Statement(
    operation="INSERT",
    table="stock",
    sql="INSERT INTO stock (units) VALUES (?) RETURNING id",
    latency=QUICK,
)
TAKE = Statement(
    operation="UPDATE",
    table="stock",
    sql="UPDATE stock SET units = units - ? WHERE id = 1",
    latency=QUICK,
)
SUM = Statement(
    operation="SELECT", table="stock", sql="SELECT count(*), min(units) FROM stock", latency=QUICK
)
SLOW_SUM = Statement(operation="SELECT", table="stock", sql=SUM.sql, latency=SLOW)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return an empty database of one kind, as `open_database` expects it."""
    if request.param == "sqlite":
        return str(tmp_path / "stock.db")
    server = request.getfixturevalue("server")
    return str(server.database())


@pytest.fixture
def reopen(place: str, telemetry: Recording) -> Open:
    """Function that opens the database again, as the next process does."""

    def opened() -> Database:
        database = open_database(place, telemetry.telemetry, name="stock")
        database.prepare(SCHEMA)
        return database

    return opened


@pytest.fixture
def stock(reopen: Open) -> Database:
    return reopen()


def run(database: Database, work: Callable[[], Awaitable[Result]]) -> Result:
    """Return the result of *work*, and close the database."""

    async def opened() -> Result:
        async with database:
            return await work()

    return asyncio.run(opened())


async def stored(database: Database) -> tuple[object, ...]:
    """Return the number of rows, and the units of the first."""
    (row,) = await database.execute(SUM)
    return row


def test_the_next_process_reads_what_this_one_wrote(stock: Database, reopen: Open) -> None:
    ((added,),) = run(stock, lambda: stock.execute(ADD, 500))

    after = reopen()

    assert int(str(added)) > 1
    assert run(after, lambda: stored(after)) == (2, 100)


def test_a_transaction_that_fails_changes_nothing(stock: Database) -> None:
    async def add_and_fail() -> None:
        async with stock.transaction() as transaction:
            await transaction.execute(ADD, 500)
            raise LookupError("no such product")

    async def survive() -> tuple[object, ...]:
        with pytest.raises(LookupError):
            await add_and_fail()
        return await stored(stock)

    assert run(stock, survive) == (1, 100)


def test_a_cancelled_transaction_changes_nothing(stock: Database) -> None:
    async def cancel() -> tuple[object, ...]:
        for delay_seconds in (0.0, 0.0005, 0.001, 0.002, 0.003):
            taking = asyncio.ensure_future(take_slowly())
            await asyncio.sleep(delay_seconds)
            taking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await taking
        return await stored(stock)

    async def take_slowly() -> None:
        async with stock.transaction() as transaction:
            await transaction.execute(TAKE, 1)
            await asyncio.sleep(60)

    assert run(stock, cancel) == (1, 100)


def test_concurrent_transactions_lose_no_update(stock: Database) -> None:
    async def take_concurrently() -> tuple[object, ...]:
        for _ in range(5):
            await asyncio.gather(*(stock.execute(TAKE, 1) for _ in range(8)))
        return await stored(stock)

    assert run(stock, take_concurrently) == (1, 60)


def test_a_reader_does_not_wait_for_a_writer(stock: Database) -> None:
    async def read_within() -> tuple[object, ...]:
        async with stock.transaction() as transaction:
            await transaction.execute(TAKE, 1)
            return await stored(stock)

    assert run(stock, read_within) == (1, 100)


def test_a_statement_is_a_span_with_its_text_and_a_duration(
    stock: Database, telemetry: Recording
) -> None:
    run(stock, lambda: stored(stock))

    (span,) = telemetry.spans
    labels = {"db_operation_name": "SELECT", "db_collection_name": "stock"}
    assert (span.name, span.kind) == ("SELECT stock", "CLIENT")
    assert span.attributes["db.query.text"] == SUM.sql
    assert telemetry.metric("db_client_operation_duration_seconds_count", **labels) == 1


def test_a_caller_without_a_connection_gives_up(stock: Database, telemetry: Recording) -> None:
    limit = telemetry.metric("db_client_connection_max")

    async def exhaust() -> tuple[object, ...]:
        slow = [asyncio.ensure_future(stock.execute(SLOW_SUM)) for _ in range(int(limit))]
        await asyncio.sleep(0)  # they take their turns
        with pytest.raises(UnavailableError, match="no connection within"):
            await stock.execute(SUM)
        await asyncio.gather(*slow)
        return await stored(stock)

    assert run(stock, exhaust) == (1, 100)
    assert telemetry.metric("db_client_connection_timeouts_total") == 1
    assert telemetry.metric("db_client_connection_pending_requests") == 0


def test_connections_are_reused(stock: Database, telemetry: Recording) -> None:
    async def idle_after_three() -> float:
        for _ in range(3):
            await stored(stock)
        return telemetry.metric("db_client_connection_count", db_client_connection_state="idle")

    assert run(stock, idle_after_three) == 1


def test_a_closed_database_does_not_answer(stock: Database) -> None:
    assert run(stock, stock.answers)
    assert not asyncio.run(stock.answers())


def test_a_transaction_that_ends_after_the_pool_closes_its_connection(stock: Database) -> None:
    async def leave_open() -> None:
        async with stock.transaction() as transaction:
            await transaction.execute(TAKE, 1)
            await stock.__aexit__(None, None, None)

    asyncio.run(leave_open())
    gc.collect()  # Python 3.13 warns of a connection that is not closed
