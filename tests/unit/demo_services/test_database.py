import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from demo_services.database.opening import open_database
from demo_services.database.pool import Database
from demo_services.database.sqlite import MEMORY
from demo_services.database.statement import UnusableDatabaseError
from demo_services.events.outbox import Outbox
from demo_services.orders.store import OrderStore
from demo_services.shop import DELETED_USER, NewOrder, Report, User
from demo_services.users.store import UserStore
from instrumentation.testing import Recording

Result = TypeVar("Result")


@pytest.fixture
def orders(telemetry: Recording) -> OrderStore:
    database = open_database(MEMORY, telemetry.telemetry, name="orders")
    return OrderStore(database, Outbox(database))


@pytest.fixture
def users(telemetry: Recording) -> UserStore:
    database = open_database(MEMORY, telemetry.telemetry, name="users")
    return UserStore(database, Outbox(database))


def run(database: Database, work: Callable[[], Awaitable[Result]]) -> Result:
    """Return the result of *work*, and close the database."""

    async def opened() -> Result:
        async with database:
            return await work()

    return asyncio.run(opened())


def test_the_next_process_reads_what_this_one_wrote(telemetry: Recording, tmp_path: Path) -> None:
    def store() -> UserStore:
        path = str(tmp_path / "users.db")
        database = open_database(path, telemetry.telemetry, name="users")
        return UserStore(database, Outbox(database))

    before, after = store(), store()
    renamed = run(before.database, lambda: before.rename(7, "Kai"))

    found = run(after.database, lambda: after.find(7))

    assert found == renamed == User(id=7, name="Kai", tier="plain")


def test_an_unknown_id_returns_none(users: UserStore) -> None:
    assert run(users.database, lambda: users.find(10_000)) is None


def test_a_placed_order_has_the_next_id_and_its_price(orders: OrderStore) -> None:
    async def place_and_find() -> list[object]:
        placed = await orders.place(NewOrder(user_id=3, product="tea", quantity=2))
        return [placed.id, placed.total_cents, await orders.find(201) == placed]

    assert run(orders.database, place_and_find) == [201, 900, True]


def test_a_report_sums_the_orders_of_a_user(orders: OrderStore) -> None:
    async def find_and_report() -> tuple[int, Report]:
        (order,) = await orders.find_by_user(DELETED_USER)
        return order.total_cents, await orders.report(DELETED_USER)

    total_cents, report = run(orders.database, find_and_report)

    assert report == Report(user_id=DELETED_USER, orders=1, total_cents=total_cents)


def write_garbage(file: Path) -> None:
    file.write_bytes(b"\xff\xfe no database" * 100)


@pytest.mark.parametrize("prepare", [write_garbage, Path.mkdir], ids=["garbage", "directory"])
def test_an_unusable_file_raises_an_error_with_the_next_step(
    telemetry: Recording, tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    prepare(tmp_path / "orders.db")

    with pytest.raises(
        UnusableDatabaseError, match=r"orders.db': .*; move the file away to start with"
    ):
        open_database(str(tmp_path / "orders.db"), telemetry.telemetry, name="orders")
