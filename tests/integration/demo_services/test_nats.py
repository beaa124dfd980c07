"""Bus on a NATS server that is killed, frozen, emptied and started again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from demo_services.events.backoff import repeat
from demo_services.events.bus import BusUnavailableError, Message
from demo_services.events.nats import NatsBus
from tests import nats
from tests.waiting import until_async

NAME = "order.created"
KILLS = 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[nats.Server]:
    with nats.running(tmp_path) as running:
        yield running


def message(number: int) -> Message:
    return Message(id=f"event {number}", name=NAME, body=str(number), headers={})


class Load:
    """Sender and receiver that repeat what fails, like the relay and the consumer."""

    def __init__(self, url: str) -> None:
        self._here, self._there = NatsBus(url), NatsBus(url)
        self._subscription = self._there.subscribe(NAME, group="users")
        self.sent = 0
        self.received: list[tuple[int, int]] = []
        """Position and number of each delivery."""

    async def run(self, server: nats.Server) -> None:
        """Send and receive while *server* is killed and started again."""
        sending = asyncio.create_task(repeat(self._send, task="sender"))
        receiving = asyncio.create_task(repeat(self._receive, task="receiver"))
        for _ in range(KILLS):
            await self._send_more(200)
            await asyncio.to_thread(server.restart)
        await self._send_more(200)
        sending.cancel()
        await until_async(self._everything_is_received, within_seconds=60)
        receiving.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
        await self._here.close()
        await self._there.close()

    async def _send_more(self, messages: int) -> None:
        enough = self.sent + messages

        async def sent() -> bool:
            return self.sent >= enough

        await until_async(sent, within_seconds=60)

    async def _everything_is_received(self) -> bool:
        return bool(self.received) and self.received[-1][1] >= self.sent

    async def _send(self) -> None:
        await self._here.publish(message(self.sent + 1))
        self.sent += 1

    async def _receive(self) -> None:
        delivery = await self._subscription.receive()
        self.received.append((delivery.position, int(delivery.message.body)))
        await self._subscription.acknowledge(delivery)


def test_no_message_is_lost_or_overtaken_while_the_server_is_killed(server: nats.Server) -> None:
    load = Load(server.url)

    asyncio.run(load.run(server))

    numbers = [number for _, number in load.received]
    first_time = list(dict.fromkeys(numbers))
    assert set(range(1, load.sent + 1)) <= set(numbers)
    assert first_time == sorted(first_time)
    assert len(set(load.received)) == len(first_time)  # a repeated message is kept once


def test_every_request_fails_within_seconds_while_the_server_hangs(server: nats.Server) -> None:
    async def work() -> float:
        bus = NatsBus(server.url)
        subscription = bus.subscribe(NAME, group="users")
        await bus.publish(message(1))
        delivery = await subscription.receive()
        server.freeze()
        started = monotonic()
        for request in (
            subscription.acknowledge(delivery),
            bus.publish(message(2)),
            subscription.receive(),
            subscription.count_waiting(),
            subscription.dead_letters(),
        ):
            with pytest.raises(BusUnavailableError):
                await request
        seconds = monotonic() - started
        server.thaw()
        await bus.close()
        return seconds

    assert asyncio.run(work()) < 25


def test_without_a_server_the_error_names_it_without_its_password() -> None:
    async def work() -> None:
        bus = NatsBus("nats://shop:secret@127.0.0.1:9")
        await bus.publish(message(1))

    with pytest.raises(BusUnavailableError, match=r"NATS on 127\.0\.0\.1: ") as error:
        asyncio.run(work())

    assert "secret" not in str(error.value)


def test_a_server_that_lost_its_streams_gets_new_ones(server: nats.Server) -> None:
    async def work() -> str:
        bus = NatsBus(server.url)
        subscription = bus.subscribe(NAME, group="users")
        await bus.publish(message(1))
        await subscription.count_waiting()
        await asyncio.to_thread(server.restart, empty=True)
        await bus.publish(message(2))
        body = (await subscription.receive()).message.body
        await bus.close()
        return body

    assert asyncio.run(work()) == "2"


def test_a_receiver_stops_at_once_even_if_the_server_dies_meanwhile(server: nats.Server) -> None:
    async def work() -> bool:
        bus = NatsBus(server.url)
        subscription = bus.subscribe(NAME, group="users")
        receiving = asyncio.create_task(subscription.receive())
        await subscription.count_waiting()
        server.kill()
        receiving.cancel()
        await asyncio.wait([receiving], timeout=10)
        await bus.close()
        return receiving.cancelled()

    assert asyncio.run(work())
