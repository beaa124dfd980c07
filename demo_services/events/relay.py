"""Relay: publishes the events of an outbox in their order, each at least once."""

import asyncio
from contextlib import suppress
from typing import Final

from demo_services.events.bus import MESSAGE_ID, Bus, Message
from demo_services.events.event import NAMES
from demo_services.events.outbox import Outbox, Waiting
from instrumentation import Telemetry
from instrumentation.messaging import Channel

POLL_SECONDS: Final = 1.0
"""Interval of looking for events that another process has left behind."""


class Relay:
    """Background work that moves events from *outbox* to *bus*."""

    def __init__(self, outbox: Outbox, bus: Bus, telemetry: Telemetry) -> None:
        self._outbox = outbox
        self._bus = bus
        self._channels = {
            name: Channel(telemetry, system=bus.system, destination=name) for name in NAMES
        }

    async def publish_batch(self) -> None:
        """Publish the waiting events, or wait for one.

        Raises:
            BusUnavailableError: The bus did not accept an event. It stays in the outbox.
            UnavailableError: The database does not answer.
        """
        self._outbox.committed.clear()
        batch = await self._outbox.next_batch()
        if not batch:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._outbox.committed.wait(), POLL_SECONDS)
            return
        published: list[Waiting] = []
        try:
            for waiting in batch:
                with waiting.context():
                    await self._publish(waiting.message)
                published.append(waiting)
        finally:
            # A kill before this line publishes them once more.
            await self._outbox.remove(published)

    async def _publish(self, message: Message) -> None:
        headers = dict(message.headers)
        with self._channels[message.name].sending(headers) as span:
            span.set_attribute(MESSAGE_ID, message.id)
            await self._bus.publish(message.with_headers(headers))
