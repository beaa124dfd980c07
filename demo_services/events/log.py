"""Bus in one SQLite file that the processes share: a log of events, and a cursor per group.

Each process has one connection. ``PRAGMA data_version`` shows a commit of another process at the
cost of a read in shared memory, so that a subscription can poll it often.
"""

import asyncio
import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from demo_services.database.sqlite import connect, in_thread
from demo_services.events.bus import BusUnavailableError, DeadLetter, Delivery, Message

POLL_SECONDS: Final = 0.05
"""Interval of looking for new messages."""
BATCH: Final = 100
"""Messages that a subscription reads at a time."""
RETAINED: Final = 100_000
"""Events that the log keeps, consumed or not: at the default traffic those of two days."""
RETAINED_DEAD_LETTERS: Final = 1_000
_PRUNE_EVERY: Final = 1_000

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL, headers TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_of_name ON event (name, position);
CREATE TABLE IF NOT EXISTS cursor (
    consumers TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (consumers, name)
);
CREATE TABLE IF NOT EXISTS dead_letter (
    number INTEGER PRIMARY KEY AUTOINCREMENT, consumers TEXT NOT NULL, position INTEGER NOT NULL,
    id TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, headers TEXT NOT NULL,
    reason TEXT NOT NULL, buried_at REAL NOT NULL
);
"""
_PUBLISH: Final = "INSERT INTO event (id, name, body, headers) VALUES (?, ?, ?, ?)"
_PRUNE: Final = "DELETE FROM event WHERE position <= ?"
_FETCH: Final = """
SELECT position, id, name, body, headers FROM event
WHERE name = :name AND position > :after AND position > coalesce(
    (SELECT position FROM cursor WHERE consumers = :group AND name = :name), 0)
ORDER BY position LIMIT :batch
"""
_COUNT: Final = """
SELECT count(*) FROM event WHERE name = :name AND position > coalesce(
    (SELECT position FROM cursor WHERE consumers = :group AND name = :name), 0)
"""
_MOVE: Final = (
    "INSERT INTO cursor (consumers, name, position) VALUES (?, ?, ?)"
    " ON CONFLICT (consumers, name) DO UPDATE SET position = excluded.position"
)
_BURY: Final = (
    "INSERT INTO dead_letter (consumers, position, id, name, body, headers, reason, buried_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_DEAD_LETTERS: Final = """
SELECT id, name, reason FROM dead_letter WHERE consumers = :group AND name = :name
ORDER BY number DESC LIMIT :batch
"""
_PRUNE_DEAD_LETTERS: Final = (
    "DELETE FROM dead_letter WHERE number <= (SELECT max(number) FROM dead_letter) - ?"
)

Result = TypeVar("Result")


class EventLog:
    """Bus in the file *path*, which is created at the first use."""

    system = "sqlite"

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    async def publish(self, message: Message) -> None:
        """Append *message* to the log.

        Raises:
            BusUnavailableError: The file is locked, damaged or on a full disk.
        """

        def append(connection: sqlite3.Connection) -> None:
            values = (message.id, message.name, message.body, json.dumps(dict(message.headers)))
            position = connection.execute(_PUBLISH, values).lastrowid or 0
            if position % _PRUNE_EVERY == 0:
                connection.execute(_PRUNE, (position - RETAINED,))

        await self.run(append)

    def subscribe(self, name: str, *, group: str) -> "LogSubscription":
        """Return the messages *name* for *group*, of which one process may receive at a time."""
        return LogSubscription(self, name, group)

    async def close(self) -> None:
        """Close the connection."""
        await in_thread(self._close)

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run *work* with the connection in a worker thread.

        Raises:
            BusUnavailableError: The file is locked, damaged or on a full disk.
        """
        return await in_thread(lambda: self._run(work))

    def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._lock:
            try:
                return work(self._opened())
            except sqlite3.Error as error:
                self._close_now()
                raise BusUnavailableError(f"event log {self._path!r}: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
            self._connection.executescript(_SCHEMA)
        return self._connection

    def _close(self) -> None:
        with self._lock:
            self._close_now()

    def _close_now(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


class LogSubscription:
    """Messages of one name in an `EventLog`, behind the cursor of one group."""

    def __init__(self, log: EventLog, name: str, group: str) -> None:
        self._log = log
        self._name = name
        self._group = group
        self._fetched: deque[Delivery] = deque()
        self._received = 0
        self._seen: tuple[int, int] | None = None

    async def receive(self) -> Delivery:
        """Wait for the next message and return it.

        Raises:
            BusUnavailableError: The log cannot be read.
        """
        while not self._fetched:
            self._fetched.extend(await self._log.run(self._fetch_new))
            if not self._fetched:
                await asyncio.sleep(POLL_SECONDS)
        delivery = self._fetched.popleft()
        self._received = delivery.position
        return delivery

    async def acknowledge(self, delivery: Delivery) -> None:
        """Move the cursor of the group to *delivery*.

        Raises:
            BusUnavailableError: The log cannot be written.
        """
        moved = (self._group, self._name, delivery.position)
        await self._log.run(lambda connection: connection.execute(_MOVE, moved))

    async def bury(self, delivery: Delivery, *, reason: str) -> None:
        """Move the cursor, and copy *delivery* to the table of dead letters, together.

        Raises:
            BusUnavailableError: The log cannot be written.
        """
        message, position = delivery.message, delivery.position
        headers = json.dumps(dict(message.headers))
        event = (message.id, message.name, message.body, headers)
        letter = (self._group, position, *event, reason, time.time())

        def copy_and_move(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.execute(_BURY, letter)
                connection.execute(_PRUNE_DEAD_LETTERS, (RETAINED_DEAD_LETTERS,))
                connection.execute(_MOVE, (self._group, self._name, position))

        await self._log.run(copy_and_move)

    async def dead_letters(self) -> list[DeadLetter]:
        """Return the latest dead letters of the group, newest first.

        Raises:
            BusUnavailableError: The log cannot be read.
        """
        names = {"group": self._group, "name": self._name, "batch": BATCH}
        rows = await self._log.run(
            lambda connection: connection.execute(_DEAD_LETTERS, names).fetchall()
        )
        return [DeadLetter(id=row[0], name=row[1], reason=row[2]) for row in rows]

    async def count_waiting(self) -> int:
        """Return the number of messages behind the cursor.

        Raises:
            BusUnavailableError: The log cannot be read.
        """
        names = {"group": self._group, "name": self._name}
        row = await self._log.run(lambda connection: connection.execute(_COUNT, names).fetchone())
        return int(row[0])

    def _fetch_new(self, connection: sqlite3.Connection) -> list[Delivery]:
        """Return new messages, and none without a query while no process has committed."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        seen = (version, connection.total_changes)
        if seen == self._seen:
            return []
        names = {"group": self._group, "name": self._name}
        limits = {"after": self._received, "batch": BATCH}
        found = [_delivery(*row) for row in connection.execute(_FETCH, names | limits)]
        self._seen = None if found else seen
        return found


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _delivery(position: int, event_id: str, name: str, body: str, headers: str) -> Delivery:
    message = Message(id=event_id, name=name, body=body, headers=json.loads(headers))
    return Delivery(message=message, position=position)
