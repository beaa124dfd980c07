import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.trace import NoOpTracer

from demo_services.database import UnusableDatabaseError
from demo_services.orders.store import OrderStore
from demo_services.shop import DELETED_USER, NewOrder, Report, User
from demo_services.users.store import UserStore


@pytest.fixture
def orders() -> Iterator[OrderStore]:
    store = OrderStore(":memory:", NoOpTracer())
    with store.database:
        yield store


@pytest.fixture
def users() -> Iterator[UserStore]:
    store = UserStore(":memory:", NoOpTracer())
    with store.database:
        yield store


def test_the_next_process_reads_what_this_one_wrote(tmp_path: Path) -> None:
    before = UserStore(str(tmp_path / "users.db"), NoOpTracer())
    with before.database:
        renamed = asyncio.run(before.rename(7, "Kai"))

    after = UserStore(str(tmp_path / "users.db"), NoOpTracer())
    with after.database:
        found = asyncio.run(after.find(7))

    assert found == renamed == User(id=7, name="Kai", tier="plain")


def test_an_unknown_id_returns_none(users: UserStore) -> None:
    assert asyncio.run(users.find(10_000)) is None


def test_a_placed_order_has_the_next_id_and_its_price(orders: OrderStore) -> None:
    placed = asyncio.run(orders.place(NewOrder(user_id=3, product="tea", quantity=2)))

    assert (placed.id, placed.total_cents) == (201, 900)
    assert asyncio.run(orders.find(201)) == placed


def test_a_report_sums_the_orders_of_a_user(orders: OrderStore) -> None:
    (order,) = asyncio.run(orders.find_by_user(DELETED_USER))

    report = asyncio.run(orders.report(DELETED_USER))

    assert report == Report(user_id=DELETED_USER, orders=1, total_cents=order.total_cents)


def test_a_closed_database_is_unreadable() -> None:
    store = UserStore(":memory:", NoOpTracer())

    with store.database:
        open_answer = asyncio.run(store.database.answers())
    closed_answer = asyncio.run(store.database.answers())

    assert (open_answer, closed_answer) == (True, False)


def write_garbage(file: Path) -> None:
    file.write_bytes(b"\xff\xfe no database" * 100)


@pytest.mark.parametrize("prepare", [write_garbage, Path.mkdir], ids=["garbage", "directory"])
def test_an_unusable_file_raises_an_error_with_the_next_step(
    tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    prepare(tmp_path / "orders.db")

    with pytest.raises(
        UnusableDatabaseError, match=r"orders.db': .*; move the file away to start with"
    ):
        OrderStore(str(tmp_path / "orders.db"), NoOpTracer())
