"""SQLite as the database of a service: one file, several readers and one writer."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final, TypeVar

from demo_services.database.statement import (
    Connection,
    Row,
    Schema,
    UnavailableError,
    UnusableDatabaseError,
)

MEMORY: Final = ":memory:"
"""Path of a database that ends with the process."""
CONNECTIONS: Final = 4
"""Connections to a file. A database in memory has one, because each would be another database."""
BUSY_TIMEOUT_SECONDS: Final = 2.0

Result = TypeVar("Result")


class SQLiteConnection:
    """Connection whose statements run in worker threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def usable(self) -> bool:
        """False while a transaction is open."""
        return not self._connection.in_transaction

    async def run(self, sql: str, parameters: Row) -> list[Row]:
        """Run one statement and return its rows.

        Raises:
            UnavailableError: The file is locked, damaged or on a full disk, or was closed.
        """
        return await in_thread(lambda: self._fetch(sql, parameters))

    async def close(self) -> None:
        """Close the connection, which rolls back an open transaction."""
        await in_thread(self._connection.close)

    def _fetch(self, sql: str, parameters: Row) -> list[Row]:
        try:
            with closing(self._connection.execute(sql, parameters)) as cursor:
                return cursor.fetchall()
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise UnavailableError(f"SQLite: {error}") from error


class SQLite:
    """Driver of one file, created if it does not exist.

    Args:
        path: The file, or `MEMORY`.

    Raises:
        UnusableDatabaseError: The file is corrupt, or the disk is full or read-only.
    """

    system = "sqlite"
    writers = 1
    begin = "BEGIN IMMEDIATE"

    def __init__(self, path: str) -> None:
        self._path = path
        self.limit = 1 if path == MEMORY else CONNECTIONS
        self._first: sqlite3.Connection | None = None
        with self._translate_errors():
            self._first = connect(path)

    def prepare(self, schema: Schema) -> None:
        """Create the tables and rows of *schema* that do not exist.

        Raises:
            UnusableDatabaseError: The file cannot be written.
        """
        tables = schema.tables.replace("IDENTITY", "INTEGER PRIMARY KEY AUTOINCREMENT")
        with self._translate_errors():
            self._prepared.executescript(tables)
            if schema.rows:
                self._prepared.execute("BEGIN")
                self._prepared.executemany(schema.insert, schema.rows)
                self._prepared.execute("COMMIT")

    async def connect(self) -> Connection:
        """Open a connection. The first one is that of `prepare`.

        Raises:
            UnavailableError: The file cannot be opened.
        """
        connection, self._first = self._first, None
        if connection is None:
            opened: list[sqlite3.Connection] = []
            try:
                connection = await in_thread(lambda: self._open(opened))
            except asyncio.CancelledError:
                for unused in opened:
                    unused.close()
                raise
        return SQLiteConnection(connection)

    def _open(self, opened: list[sqlite3.Connection]) -> sqlite3.Connection:
        try:
            opened.append(connect(self._path))
            return opened[0]
        except sqlite3.Error as error:
            raise UnavailableError(f"SQLite: {error}") from error

    @property
    def _prepared(self) -> sqlite3.Connection:
        if self._first is None:
            raise UnusableDatabaseError(f"database {self._path!r}: prepared after its first use")
        return self._first

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Close the connection after an error of SQLite; raise it as `UnusableDatabaseError`."""
        try:
            yield
        except sqlite3.Error as error:
            if self._first:
                self._first.close()
            raise UnusableDatabaseError(
                f"database {self._path!r}: {error}; move the file away to start with an empty one, "
                "or set DATABASE_URL to another file; the disk can also be full or read-only"
            ) from error


def connect(path: str) -> sqlite3.Connection:
    """Open *path* with a write-ahead log, so that readers do not wait for the writer."""
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False, isolation_level=None
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run *work* in a worker thread, and wait for its end even if the caller is cancelled.

    The thread uses the connection until then, so no one else may have it.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise
