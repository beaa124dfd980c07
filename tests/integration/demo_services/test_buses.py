"""Every kind of bus behaves alike behind `Bus`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from demo_services.events.bus import Bus, DeadLetter, Message, Subscription
from demo_services.events.opening import open_bus
from tests import nats

Result = TypeVar("Result")

WITHIN_SECONDS = 20
UPDATED = "user.updated"


@pytest.fixture(params=["sqlite", "nats"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return an empty bus of one kind, as `open_bus` expects it."""
    if request.param == "sqlite":
        yield str(tmp_path / "bus.db")
        return
    with nats.running(tmp_path) as server:
        yield server.url


def message(number: int, name: str = UPDATED) -> Message:
    return Message(id=f"event {number}", name=name, body=f'"{number}"', headers={"k": "v"})


def run(place: str, work: Callable[[Bus, Bus], Awaitable[Result]]) -> Result:
    """Return the result of *work* with the connections of two processes to the bus."""

    async def opened() -> Result:
        one, other = open_bus(place), open_bus(place)
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                return await work(one, other)
        finally:
            await one.close()
            await other.close()

    return asyncio.run(opened())


async def receive(subscription: Subscription, count: int) -> list[str]:
    """Receive and acknowledge *count* messages, and return their bodies."""
    bodies = []
    for _ in range(count):
        delivery = await subscription.receive()
        await subscription.acknowledge(delivery)
        bodies.append(delivery.message.body)
    return bodies


def test_a_message_arrives_in_another_process_as_it_was_sent(place: str) -> None:
    async def work(here: Bus, there: Bus) -> Message:
        await here.publish(message(1))
        return (await there.subscribe(UPDATED, group="orders").receive()).message

    assert run(place, work) == message(1)


def test_a_subscription_waits_for_messages_and_keeps_their_order(place: str) -> None:
    async def work(here: Bus, there: Bus) -> list[str]:
        receiving = asyncio.ensure_future(receive(there.subscribe(UPDATED, group="orders"), 250))
        await asyncio.sleep(0)
        for number in range(250):
            await here.publish(message(number))
        return await receiving

    assert run(place, work) == [f'"{number}"' for number in range(250)]


def test_a_group_receives_only_its_messages(place: str) -> None:
    async def work(here: Bus, there: Bus) -> list[str]:
        await here.publish(message(1, "order.created"))
        await here.publish(message(2))
        return await receive(there.subscribe(UPDATED, group="orders"), 1)

    assert run(place, work) == ['"2"']


def test_every_group_receives_every_message(place: str) -> None:
    async def work(here: Bus, there: Bus) -> list[str]:
        await here.publish(message(1))
        groups = (there.subscribe(UPDATED, group=group) for group in ("orders", "mail"))
        return [body for group in groups for body in await receive(group, 1)]

    assert run(place, work) == ['"1"', '"1"']


def test_an_unacknowledged_message_is_delivered_to_the_next_process(place: str) -> None:
    async def killed(here: Bus, _: Bus) -> str:
        for number in (1, 2):
            await here.publish(message(number))
        subscription = here.subscribe(UPDATED, group="orders")
        await receive(subscription, 1)
        return (await subscription.receive()).message.body

    async def restarted(here: Bus, _: Bus) -> list[str]:
        return await receive(here.subscribe(UPDATED, group="orders"), 1)

    assert run(place, killed) == '"2"'
    assert run(place, restarted) == ['"2"']


def test_waiting_messages_are_counted_for_each_group(place: str) -> None:
    async def work(here: Bus, there: Bus) -> tuple[int, int, int]:
        orders, mail = (here.subscribe(UPDATED, group=group) for group in ("orders", "mail"))
        before = await orders.count_waiting()
        for number in range(3):
            await there.publish(message(number))
        await receive(orders, 2)
        return before, await orders.count_waiting(), await mail.count_waiting()

    assert run(place, work) == (0, 1, 3)


def test_a_dead_letter_is_kept_and_not_delivered_again(place: str) -> None:
    async def work(here: Bus, there: Bus) -> tuple[list[str], list[DeadLetter]]:
        for number in (1, 2):
            await there.publish(message(number))
        subscription = here.subscribe(UPDATED, group="orders")
        await subscription.bury(await subscription.receive(), reason="no JSON")
        return await receive(subscription, 1), await subscription.dead_letters()

    letter = DeadLetter(id="event 1", name=UPDATED, reason="no JSON")
    assert run(place, work) == (['"2"'], [letter])
