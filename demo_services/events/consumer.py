"""Consumer: applies each event once, retries failures, and buries what keeps failing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from demo_services.database.pool import Database, Transaction
from demo_services.database.statement import Schema, Statement, UnavailableError
from demo_services.events.backoff import pause_seconds
from demo_services.events.bus import MESSAGE_ID, Delivery, Subscription
from demo_services.events.event import MalformedEventError, parse_event
from demo_services.latency import Latency
from instrumentation.messaging import Channel

_LOG: Final = logging.getLogger(__name__)

ATTEMPTS: Final = 5
"""Attempts at an event, with pauses of 1.5 seconds in all, before it is buried."""
RETAINED: Final = 100_000
"""Ids that are kept, as many as the events of the log."""

Handler = Callable[[Transaction, Any], Awaitable[None]]
"""Applies an event within a transaction."""

_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS processed (number IDENTITY, event_id TEXT NOT NULL UNIQUE);
"""
)
_QUICK: Final = Latency(name="processed", median_seconds=0.002, sigma=0.4)
_RECORD: Final = Statement(
    operation="INSERT",
    table="processed",
    sql="INSERT INTO processed (event_id) VALUES (?) ON CONFLICT DO NOTHING RETURNING number",
    latency=_QUICK,
)
_FORGET: Final = Statement(
    operation="DELETE",
    table="processed",
    sql="DELETE FROM processed WHERE number <= ?",
    latency=_QUICK,
)
_FORGET_EVERY: Final = 1_000


class Consumer:
    """Consumer of one subscription, which applies events to *database* by *handle*."""

    def __init__(
        self, subscription: Subscription, channel: Channel, database: Database, handle: Handler
    ) -> None:
        self._subscription = subscription
        self._channel = channel
        self._database = database
        self._handle = handle
        database.prepare(_SCHEMA)

    async def process_next(self) -> None:
        """Wait for an event and process it, until it is applied or buried.

        Raises:
            BusUnavailableError: The bus does not answer. The event is delivered again.
        """
        delivery = await self._subscription.receive()
        reason = await self._process(delivery)
        if reason:
            _LOG.error(
                "event is buried among the dead letters: %s",
                reason,
                extra={"event_id": delivery.message.id, "event_name": delivery.message.name},
            )
            await self._subscription.bury(delivery, reason=reason)
        else:
            await self._subscription.acknowledge(delivery)

    async def _process(self, delivery: Delivery) -> str:
        """Return an empty text once the event is applied, or the reason why it never will be."""
        failures = away = 0
        while True:
            try:
                await self._attempt(delivery)
            except MalformedEventError as error:
                return str(error)
            except UnavailableError:
                # The event is correct, so it waits for the database, however long that takes.
                away += 1
                await asyncio.sleep(pause_seconds(away))
            except Exception as error:
                failures += 1
                if failures == ATTEMPTS:
                    return f"{type(error).__name__}: {error}"
                _LOG.warning("event is retried: %r", error)
                await asyncio.sleep(pause_seconds(failures))
            else:
                return ""

    async def _attempt(self, delivery: Delivery) -> None:
        message = delivery.message
        with self._channel.processing(message.headers) as span:
            span.set_attribute(MESSAGE_ID, message.id)
            event = parse_event(message.body)
            async with self._database.transaction() as transaction:
                rows = await transaction.execute(_RECORD, str(event.id))
                if not rows:
                    span.add_event("the event was applied before")
                    return
                await self._handle(transaction, event)
                await _forget_old(transaction, int(str(rows[0][0])))


async def _forget_old(transaction: Transaction, number: int) -> None:
    if number % _FORGET_EVERY == 0:
        await transaction.execute(_FORGET, number - RETAINED)
