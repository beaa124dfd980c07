"""Events of one service: its outbox, the relay, and its consumers."""

import asyncio
from typing import Final, Self

from fastapi import APIRouter

from demo_services.database.pool import Database
from demo_services.events.backoff import repeat
from demo_services.events.bus import DeadLetter, Subscription
from demo_services.events.consumer import Consumer, Handler
from demo_services.events.opening import open_bus
from demo_services.events.outbox import Outbox
from demo_services.events.relay import Relay
from demo_services.metrics import gauge
from instrumentation import Telemetry
from instrumentation.messaging import Channel
from instrumentation.service_metrics import (
    MESSAGING_CONSUMER_LAG,
    OUTBOX_OLDEST_AGE_SECONDS,
    OUTBOX_PENDING_MESSAGES,
)

MEASURE_SECONDS: Final = 1.0
"""Interval of counting what waits."""


class Events:
    """Events of one service, as an async context manager that runs the background tasks.

    Args:
        place: Bus, the path of an event log.
        service: Name of the service, which is its group of consumers.
    """

    def __init__(
        self, place: str, database: Database, telemetry: Telemetry, *, service: str
    ) -> None:
        self._bus = open_bus(place)
        self._database = database
        self._telemetry = telemetry
        self._service = service
        self._lag = gauge(MESSAGING_CONSUMER_LAG, telemetry.registry)
        self.outbox = Outbox(database)
        relay = Relay(self.outbox, self._bus, telemetry)
        self._pending = gauge(OUTBOX_PENDING_MESSAGES, telemetry.registry)
        self._oldest_age = gauge(OUTBOX_OLDEST_AGE_SECONDS, telemetry.registry)
        self._work = {"relay": relay.publish_batch, "size of the outbox": self._measure_outbox}
        self._subscriptions: dict[str, Subscription] = {}
        self._running: list[asyncio.Task[None]] = []

    async def _measure_outbox(self) -> None:
        pending, oldest_age_seconds = await self.outbox.measure()
        self._pending.set(pending)
        self._oldest_age.set(oldest_age_seconds)
        await asyncio.sleep(MEASURE_SECONDS)

    def subscribe(self, name: str, handle: Handler) -> None:
        """Apply the events *name* to the database by *handle*, each once."""
        subscription = self._subscriptions[name] = self._bus.subscribe(name, group=self._service)
        channel = Channel(self._telemetry, system=self._bus.system, destination=name)
        consumer = Consumer(subscription, channel, self._database, handle)
        lag = self._lag.labels(self._bus.system, name)

        async def measure() -> None:
            lag.set(await subscription.count_waiting())
            await asyncio.sleep(MEASURE_SECONDS)

        self._work[f"consumer of {name}"] = consumer.process_next
        self._work[f"lag of {name}"] = measure

    async def __aenter__(self) -> Self:
        self._running = [
            asyncio.create_task(repeat(work, task=name), name=name)
            for name, work in self._work.items()
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._bus.close()

    def routes(self) -> APIRouter:
        """Return the route ``/dead-letters``, a list of the events that were not applied."""
        routes = APIRouter()

        @routes.get("/dead-letters")
        async def dead_letters() -> list[DeadLetter]:
            subscriptions = self._subscriptions.values()
            return [letter for each in subscriptions for letter in await each.dead_letters()]

        return routes

    async def running(self) -> bool:
        """Return true unless a background task has failed, which only a defect causes."""
        return not any(task.done() for task in self._running)
