"""SQLite database with a span and a simulated duration per statement."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from opentelemetry.trace import SpanKind, Tracer

from demo_services.latency import Latency

Value = int | str | None
Row = tuple[Value, ...]

BUSY_TIMEOUT_SECONDS: Final = 2.0


class UnusableDatabaseError(Exception):
    """The database file cannot be opened or filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """SQL statement with its simulated duration."""

    operation: str
    """First word of the statement. Source: semantic conventions, ``db.operation.name``."""
    table: str
    sql: str
    latency: Latency


class Database:
    """Access to one SQLite file: one statement at a time, in a worker thread.

    Args:
        path: File, created with *schema* if it does not exist; or ``:memory:``.

    Raises:
        UnusableDatabaseError: The file is corrupt, or the disk is full or read-only.
    """

    def __init__(self, path: str, *, schema: str, tracer: Tracer) -> None:
        self._path = path
        self._tracer = tracer
        self._lock = threading.Lock()
        with self._translate_errors(ExitStack()):
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False, isolation_level=None
            )
        with self._translate_errors(closing(self._connection)):
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    async def execute(self, statement: Statement, *parameters: Value) -> list[Row]:
        """Run *statement* within a span and return its rows."""
        attributes = {
            "db.system.name": "sqlite",
            "db.operation.name": statement.operation,
            "db.collection.name": statement.table,
            "db.query.text": statement.sql,
        }
        name = f"{statement.operation} {statement.table}"
        with self._tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes):
            await asyncio.sleep(statement.latency.draw_seconds())
            return await asyncio.to_thread(self._run, statement.sql, parameters)

    def fill(self, sql: str, rows: list[Row]) -> None:
        """Insert *rows* in one transaction, before the service listens.

        Raises:
            UnusableDatabaseError: The file cannot be written.
        """
        with self._lock, self._translate_errors(closing(self._connection)):
            self._connection.execute("BEGIN")
            self._connection.executemany(sql, rows)
            self._connection.execute("COMMIT")

    async def answers(self) -> bool:
        """Return true if the file can be read."""
        try:
            await asyncio.to_thread(self._run, "SELECT 1 FROM sqlite_master", ())
        except sqlite3.Error:
            return False
        return True

    @contextmanager
    def _translate_errors(self, cleanup: AbstractContextManager[object]) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            with cleanup:
                pass
            raise UnusableDatabaseError(
                f"database {self._path!r}: {error}; move the file away to start with an empty one, "
                "or set DATABASE_URL to another file; the disk can also be full or read-only"
            ) from error

    def _run(self, sql: str, parameters: tuple[Value, ...]) -> list[Row]:
        with self._lock, closing(self._connection.execute(sql, parameters)) as cursor:
            return cursor.fetchall()
