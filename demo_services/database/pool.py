"""Pool of connections to the database of a service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final, Self

from demo_services.database.statement import (
    Connection,
    Driver,
    Row,
    Schema,
    Statement,
    UnavailableError,
    Value,
)
from instrumentation import Telemetry, database

TIMEOUT_SECONDS: Final = 1.0
"""Limit on the wait for a connection. It is shorter than the timeouts of callers, so that the
caller receives an error that names the database."""


class Transaction:
    """Statements that take effect together, at the end of `Database.transaction`."""

    def __init__(
        self, connection: Connection, calls: database.Database, latency_factor: float
    ) -> None:
        self._connection = connection
        self._calls = calls
        self._latency_factor = latency_factor

    async def execute(self, statement: Statement, *parameters: Value) -> list[Row]:
        """Run *statement* within a span and return its rows."""
        if not statement.recorded:
            return await self._connection.run(statement.sql, parameters)
        with self._calls.operation(statement.operation, statement.table) as span:
            span.set_attribute("db.query.text", statement.sql)
            await asyncio.sleep(self._latency_factor * statement.latency.draw_seconds())
            return await self._connection.run(statement.sql, parameters)


class Database:
    """Pool of connections, as an async context manager that closes them.

    A caller waits in line for a connection, and for the right to write where the driver allows
    few writers. Both count as the wait for a connection.

    Args:
        name: Name of the pool in metrics.
    """

    def __init__(self, driver: Driver, telemetry: Telemetry, *, name: str) -> None:
        self.latency_factor = 1.0
        """Factor of the simulated durations of later transactions."""
        self._driver = driver
        self._calls = database.Database(telemetry, system=driver.system)
        self._pool = database.Pool(telemetry, name, limit=driver.limit)
        self._turns = asyncio.Semaphore(driver.limit)
        self._writer_turns = asyncio.Semaphore(driver.writers)
        self._idle: list[Connection] = []
        self._used = 0
        self._open = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        while self._idle:
            await self._idle.pop().close()

    def prepare(self, schema: Schema) -> None:
        """Create the tables and rows of *schema* that do not exist, before the service listens.

        Raises:
            UnusableDatabaseError: The database cannot be opened or filled.
        """
        self._driver.prepare(schema)

    async def execute(self, statement: Statement, *parameters: Value) -> list[Row]:
        """Run *statement* within a span, in a transaction of its own, and return its rows.

        Raises:
            UnavailableError: The database did not run it.
        """
        if statement.operation != "SELECT":
            async with self.transaction() as transaction:
                return await transaction.execute(statement, *parameters)
        async with self._connection(self._turns) as connection:
            return await self._transaction(connection).execute(statement, *parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Run the statements of the block together: all take effect, or none if it raises.

        Raises:
            UnavailableError: There is no connection, or the transaction was not committed.
        """
        async with self._connection(self._writer_turns, self._turns) as connection:
            await connection.run(self._driver.begin, ())
            try:
                yield self._transaction(connection)
            except BaseException:
                with suppress(UnavailableError):  # the error of the block says more
                    await connection.run("ROLLBACK", ())
                raise
            await connection.run("COMMIT", ())

    async def answers(self) -> bool:
        """Return true if the database runs a statement."""
        try:
            async with self._connection(self._turns) as connection:
                await connection.run("SELECT 1", ())
        except UnavailableError:
            return False
        return True

    def _transaction(self, connection: Connection) -> Transaction:
        return Transaction(connection, self._calls, self.latency_factor)

    @asynccontextmanager
    async def _connection(self, *turns: asyncio.Semaphore) -> AsyncIterator[Connection]:
        async with AsyncExitStack() as held:
            connection = await self._acquire(held, turns)
            self._count(1)
            try:
                yield connection
            finally:
                if connection.usable and self._open:
                    self._idle.append(connection)
                else:
                    await connection.close()
                self._count(-1)

    async def _acquire(
        self, held: AsyncExitStack, turns: tuple[asyncio.Semaphore, ...]
    ) -> Connection:
        if not self._open:
            raise UnavailableError("the database is closed")
        try:
            with self._pool.waiting():
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    for turn in turns:
                        await held.enter_async_context(turn)
                    return self._idle.pop() if self._idle else await self._driver.connect()
        except TimeoutError:
            raise UnavailableError(f"no connection within {TIMEOUT_SECONDS} s") from None

    def _count(self, change: int) -> None:
        self._used += change
        self._pool.count(used=self._used, idle=len(self._idle))
