"""Store of orders: the table ``orders``."""

from typing import Final

from demo_services.database.pool import Database
from demo_services.database.statement import Schema, Statement, to_model
from demo_services.events.event import OrderCreated
from demo_services.events.outbox import Outbox
from demo_services.latency import Latency
from demo_services.shop import ORDERS, PRICES_CENTS, NewOrder, Order, Report, initial_orders

MAX_NEW_ORDERS: Final = 10_000
"""Limit on stored orders beyond the initial ones, so that a demo can run for weeks."""

_COLUMNS: Final = ("id", "user_id", "product", "quantity", "total_cents")

_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS orders (
    id IDENTITY, user_id BIGINT NOT NULL, product TEXT NOT NULL,
    quantity BIGINT NOT NULL, total_cents BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_of_user ON orders (user_id);
""",
    insert=(
        "INSERT INTO orders (id, user_id, product, quantity, total_cents)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    ),
    rows=[
        (order.id, order.user_id, order.product, order.quantity, order.total_cents)
        for order in initial_orders()
    ],
)
_READ: Final = Latency(name="orders read", median_seconds=0.004, sigma=0.4)
_WRITE: Final = Latency(name="orders write", median_seconds=0.008, sigma=0.4)


def _select(columns: str, condition: str) -> Statement:
    return Statement(
        operation="SELECT",
        table="orders",
        sql=f"SELECT {columns} FROM orders {condition}",  # noqa: S608  constants of this file
        latency=_READ,
    )


_ALL_COLUMNS = ", ".join(_COLUMNS)
_FIND: Final = _select(_ALL_COLUMNS, "WHERE id = ?")
_FIND_BY_USER: Final = _select(_ALL_COLUMNS, "WHERE user_id = ? ORDER BY id DESC LIMIT 20")
_REPORT: Final = _select("count(*), coalesce(sum(total_cents), 0)", "WHERE user_id = ?")
_PLACE: Final = Statement(
    operation="INSERT",
    table="orders",
    sql=(
        "INSERT INTO orders (user_id, product, quantity, total_cents)"
        " VALUES (?, ?, ?, ?) RETURNING id"
    ),
    latency=_WRITE,
)
_DELETE_OLDEST: Final = Statement(
    operation="DELETE",
    table="orders",
    sql="DELETE FROM orders WHERE id > ? AND id <= ?",
    latency=_WRITE,
)


class OrderStore:
    """Orders by id and by user."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self.database = database
        self._outbox = outbox
        database.prepare(_SCHEMA)

    async def find(self, order_id: int) -> Order | None:
        """Return the order, or None if it does not exist."""
        rows = await self.database.execute(_FIND, order_id)
        return to_model(Order, _COLUMNS, rows[0]) if rows else None

    async def find_by_user(self, user_id: int) -> list[Order]:
        """Return the 20 newest orders of a user."""
        rows = await self.database.execute(_FIND_BY_USER, user_id)
        return [to_model(Order, _COLUMNS, row) for row in rows]

    async def report(self, user_id: int) -> Report:
        """Return number and sum of a user's orders, both 0 without orders."""
        ((orders, total_cents),) = await self.database.execute(_REPORT, user_id)
        return Report.model_validate(
            {"user_id": user_id, "orders": orders, "total_cents": total_cents}
        )

    async def place(self, order: NewOrder) -> Order:
        """Store *order* with its event, and return it with its id and price."""
        total_cents = PRICES_CENTS[order.product] * order.quantity
        async with self._outbox.transaction() as transaction:
            ((order_id,),) = await transaction.execute(
                _PLACE, order.user_id, order.product, order.quantity, total_cents
            )
            placed = Order.model_validate(
                {**order.model_dump(), "id": order_id, "total_cents": total_cents}
            )
            await self._outbox.add(transaction, OrderCreated(data=placed))
            if placed.id > ORDERS + MAX_NEW_ORDERS:
                await transaction.execute(_DELETE_OLDEST, ORDERS, placed.id - MAX_NEW_ORDERS)
        return placed
