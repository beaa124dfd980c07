"""Outbox, relay and consumer of one process, on real files."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from demo_services.database.opening import open_database
from demo_services.database.pool import Database, Transaction
from demo_services.events.backoff import pause_seconds
from demo_services.events.bus import DeadLetter, Message
from demo_services.events.event import (
    USER_UPDATED,
    MalformedEventError,
    UserUpdated,
    parse_event,
)
from demo_services.events.log import EventLog
from demo_services.events.outbox import Outbox
from demo_services.events.service import Events
from demo_services.orders.customers import Customers
from demo_services.shop import User
from instrumentation.testing import Recording
from tests.waiting import until_async

Result = TypeVar("Result")

WITHIN_SECONDS = 20
KAI = User(id=7, name="Kai", tier="plain")


class Shelf:
    """Service with a database and the shared bus of one test."""

    def __init__(self, folder: Path, telemetry: Recording, bus: str = "bus.db") -> None:
        self.database: Database = open_database(
            str(folder / "shelf.db"), telemetry.telemetry, name="shelf"
        )
        self.bus = EventLog(str(folder / "bus.db"))
        self.events = Events(
            str(folder / bus), self.database, telemetry.telemetry, service="orders"
        )
        self.customers = Customers(self.database)

    @property
    def outbox(self) -> Outbox:
        return self.events.outbox

    def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of *work*, while the background tasks of the service run."""

        async def opened() -> Result:
            async with self.database, self.events, asyncio.timeout(WITHIN_SECONDS):
                result = await work()
            await self.bus.close()
            return result

        return asyncio.run(opened())

    async def write(self, event: UserUpdated) -> None:
        async with self.outbox.transaction() as transaction:
            await self.outbox.add(transaction, event)

    async def emptied(self) -> bool:
        """Return true if the outbox has no event."""
        return await self.outbox.measure() == (0, 0.0)

    async def publish(self, number: int, body: str) -> None:
        message = Message(id=f"event {number}", name=USER_UPDATED, body=body, headers={})
        await self.bus.publish(message)

    async def processed(self) -> list[DeadLetter]:
        """Wait until no event waits, and return the dead letters."""
        subscription = self.bus.subscribe(USER_UPDATED, group="orders")

        async def done() -> bool:
            return await subscription.count_waiting() == 0

        await until_async(done, within_seconds=WITHIN_SECONDS)
        return await subscription.dead_letters()


@pytest.fixture
def shelf(tmp_path: Path, telemetry: Recording) -> Shelf:
    return Shelf(tmp_path, telemetry)


def test_an_event_is_equal_after_its_way_through_json() -> None:
    event = UserUpdated(data=KAI)

    assert parse_event(event.model_dump_json()) == event


@pytest.mark.parametrize("text", ["", "{}", '{"name": "user.deleted"}', "[]", "\x00"])
def test_a_text_that_is_no_event_is_malformed(text: str) -> None:
    with pytest.raises(MalformedEventError):
        parse_event(text)


def test_pauses_double_up_to_a_limit() -> None:
    assert [pause_seconds(failures) for failures in (1, 2, 3, 7, 10_000)] == [0.1, 0.2, 0.4, 5, 5]


def test_an_event_leaves_the_outbox_for_the_bus(shelf: Shelf) -> None:
    async def write_and_receive() -> Message:
        await shelf.write(UserUpdated(data=KAI))
        delivery = await shelf.bus.subscribe(USER_UPDATED, group="test").receive()
        await until_async(shelf.emptied, within_seconds=WITHIN_SECONDS)
        return delivery.message

    message = shelf.run(write_and_receive)

    assert message.name == USER_UPDATED
    event = parse_event(message.body)
    assert (event.data, str(event.id)) == (KAI, message.id)


def test_an_event_of_a_failed_transaction_is_not_written(shelf: Shelf) -> None:
    async def fail() -> None:
        async with shelf.outbox.transaction() as transaction:
            await shelf.outbox.add(transaction, UserUpdated(data=KAI))
            raise LookupError("no such user")

    async def fail_and_measure() -> tuple[int, float]:
        with pytest.raises(LookupError):
            await fail()
        return await shelf.outbox.measure()

    assert shelf.run(fail_and_measure) == (0, 0.0)


def test_events_wait_while_the_bus_is_away(
    tmp_path: Path, telemetry: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(tmp_path, telemetry, bus="missing/bus.db")

    async def logged() -> bool:
        return "relay waits" in caplog.text

    async def write_and_return_the_bus() -> tuple[int, Message]:
        for _ in range(3):
            await shelf.write(UserUpdated(data=KAI))
        await until_async(logged, within_seconds=WITHIN_SECONDS)
        waiting, _ = await shelf.outbox.measure()
        (tmp_path / "missing").mkdir()
        bus = EventLog(str(tmp_path / "missing" / "bus.db"))
        delivery = await bus.subscribe(USER_UPDATED, group="test").receive()
        await bus.close()
        return waiting, delivery.message

    waiting, message = shelf.run(write_and_return_the_bus)

    assert (waiting, message.name) == (3, USER_UPDATED)


def test_an_event_that_is_delivered_twice_is_applied_once(shelf: Shelf) -> None:
    applied: list[str] = []

    async def handle(_: Transaction, event: UserUpdated) -> None:
        applied.append(event.data.name)

    async def publish_twice() -> list[DeadLetter]:
        event = UserUpdated(data=KAI).model_dump_json()
        for number in (1, 2):
            await shelf.publish(number, event)
        return await shelf.processed()

    shelf.events.subscribe(USER_UPDATED, handle)

    assert shelf.run(publish_twice) == []
    assert applied == ["Kai"]


def test_an_event_is_applied_after_failures(shelf: Shelf) -> None:
    attempts: list[str] = []

    async def handle(transaction: Transaction, event: UserUpdated) -> None:
        attempts.append(event.data.name)
        await shelf.customers.keep(transaction, event)
        if len(attempts) < 3:
            raise LookupError("not yet")

    async def publish_and_find() -> User | None:
        await shelf.publish(1, UserUpdated(data=KAI).model_dump_json())
        assert await shelf.processed() == []
        return await shelf.customers.find(7)

    shelf.events.subscribe(USER_UPDATED, handle)

    assert shelf.run(publish_and_find) == KAI
    assert len(attempts) == 3


def test_poison_messages_become_dead_letters_and_later_events_are_applied(shelf: Shelf) -> None:
    async def handle(transaction: Transaction, event: UserUpdated) -> None:
        if event.data.id == 1:
            raise LookupError("a defect")
        await shelf.customers.keep(transaction, event)

    async def publish_and_find() -> tuple[list[str], User | None]:
        await shelf.publish(1, "no JSON")
        await shelf.publish(2, UserUpdated(data=User(id=1, name="x", tier="y")).model_dump_json())
        await shelf.publish(3, UserUpdated(data=KAI).model_dump_json())
        letters = [letter.id for letter in await shelf.processed()]
        return letters, await shelf.customers.find(7)

    shelf.events.subscribe(USER_UPDATED, handle)

    assert shelf.run(publish_and_find) == (["event 2", "event 1"], KAI)


def test_the_consumer_counts_waiting_messages(shelf: Shelf, telemetry: Recording) -> None:
    async def fail(_: Transaction, __: UserUpdated) -> None:
        raise LookupError("a defect")

    async def lag() -> bool:
        return telemetry.metric("messaging_consumer_lag") == 2

    async def publish_two() -> float:
        for number in (1, 2):
            await shelf.publish(number, UserUpdated(data=KAI).model_dump_json())
        await until_async(lag, within_seconds=WITHIN_SECONDS)
        return telemetry.metric("messaging_consumer_lag", messaging_destination_name=USER_UPDATED)

    shelf.events.subscribe(USER_UPDATED, fail)

    assert shelf.run(publish_two) == 2


def test_producer_and_consumer_are_linked_and_the_producer_belongs_to_the_request(
    shelf: Shelf, telemetry: Recording
) -> None:
    async def write_in_a_request() -> None:
        with telemetry.telemetry.tracer.start_as_current_span("request"):
            await shelf.write(UserUpdated(data=KAI))
        await shelf.bus.subscribe(USER_UPDATED, group="test").receive()
        assert await shelf.processed() == []

    shelf.events.subscribe(USER_UPDATED, shelf.customers.keep)
    shelf.run(write_in_a_request)

    spans = {span.name: span for span in telemetry.spans}
    send, process = spans[f"send {USER_UPDATED}"], spans[f"process {USER_UPDATED}"]
    assert send.parent_id == spans["request"].span_id
    assert (process.trace_id != send.trace_id, process.links) == (True, (send.span_id,))
    assert spans["INSERT customers"].parent_id == process.span_id
