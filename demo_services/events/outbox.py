"""Outbox: events that wait in the database of their service until the relay has published them.

An event is written in the transaction of its change. So there is an event if and only if there is
the change, even if the process is killed or the bus is away.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from opentelemetry import context

from demo_services.database.pool import Database, Transaction
from demo_services.database.statement import Schema, Statement
from demo_services.events.bus import Message
from demo_services.events.event import Event
from demo_services.latency import Latency
from instrumentation import extract, inject

BATCH: Final = 20
"""Events that the relay publishes before it removes them, in one transaction."""

_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS outbox (
    position IDENTITY, id TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    headers TEXT NOT NULL, written_at DOUBLE PRECISION NOT NULL
);
"""
)
_QUICK: Final = Latency(name="outbox", median_seconds=0.002, sigma=0.4)
_ADD: Final = Statement(
    operation="INSERT",
    table="outbox",
    sql="INSERT INTO outbox (id, name, body, headers, written_at) VALUES (?, ?, ?, ?, ?)",
    latency=_QUICK,
)
_NEXT: Final = Statement(
    operation="SELECT",
    table="outbox",
    sql="SELECT position, id, name, body, headers FROM outbox ORDER BY position LIMIT ?",
    latency=_QUICK,
    recorded=False,
)
_REMOVE: Final = Statement(
    operation="DELETE",
    table="outbox",
    sql="DELETE FROM outbox WHERE position = ?",
    latency=_QUICK,
)
_MEASURE: Final = Statement(
    operation="SELECT",
    table="outbox",
    sql="SELECT count(*), min(written_at) FROM outbox",
    latency=_QUICK,
    recorded=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Event in the outbox, with the headers of the request that caused it."""

    position: int
    message: Message

    @contextmanager
    def context(self) -> Iterator[None]:
        """Run the block in the trace of the request that caused the event."""
        token = context.attach(extract(self.message.headers))
        try:
            yield
        finally:
            context.detach(token)


class Outbox:
    """Outbox in *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.committed = asyncio.Event()
        """Set after each transaction that may have added an event."""

        database.prepare(_SCHEMA)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Run the statements of the block together, with the events that it adds.

        Raises:
            UnavailableError: The transaction was not committed.
        """
        async with self._database.transaction() as transaction:
            yield transaction
        self.committed.set()

    async def add(self, transaction: Transaction, event: Event) -> None:
        """Write *event* and the current trace context within *transaction*.

        Raises:
            UnavailableError: The database did not write it.
        """
        headers: dict[str, str] = {}
        inject(headers)
        body = event.model_dump_json()
        values = (str(event.id), event.name, body, json.dumps(headers), time.time())
        await transaction.execute(_ADD, *values)

    async def next_batch(self) -> list[Waiting]:
        """Return the oldest events, in their order.

        Raises:
            UnavailableError: The database cannot be read.
        """
        return [
            Waiting(
                position=int(str(position)),
                message=Message(
                    id=str(event_id),
                    name=str(name),
                    body=str(body),
                    headers=json.loads(str(headers)),
                ),
            )
            for position, event_id, name, body, headers in await self._database.execute(
                _NEXT, BATCH
            )
        ]

    async def remove(self, published: Sequence[Waiting]) -> None:
        """Remove published events in one transaction, each in the trace of its request.

        Raises:
            UnavailableError: The database did not remove them.
        """
        if not published:
            return
        async with self._database.transaction() as transaction:
            for waiting in published:
                with waiting.context():
                    await transaction.execute(_REMOVE, waiting.position)

    async def measure(self) -> tuple[int, float]:
        """Return the number of events, and the age of the oldest in seconds.

        Raises:
            UnavailableError: The database cannot be read.
        """
        ((count, oldest),) = await self._database.execute(_MEASURE)
        age_seconds = max(0.0, time.time() - float(oldest)) if oldest is not None else 0.0
        return int(str(count)), age_seconds
