"""Store of orders: the table ``orders``."""

from typing import Final

from opentelemetry.trace import Tracer

from demo_services.database import Database, Row, Statement
from demo_services.latency import Latency
from demo_services.shop import ORDERS, PRICES_CENTS, NewOrder, Order, Report, initial_orders

MAX_NEW_ORDERS: Final = 10_000
"""Limit on stored orders beyond the initial ones, so that a demo can run for weeks."""

_COLUMNS: Final = ("id", "user_id", "product", "quantity", "total_cents")

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, product TEXT NOT NULL,
    quantity INTEGER NOT NULL, total_cents INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_of_user ON orders (user_id);
"""
_FILL: Final = (
    "INSERT OR IGNORE INTO orders (id, user_id, product, quantity, total_cents)"
    " VALUES (?, ?, ?, ?, ?)"
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
    """Orders by id and by user, in a SQLite file."""

    def __init__(self, path: str, tracer: Tracer) -> None:
        self.database = Database(path, schema=_SCHEMA, tracer=tracer)
        rows: list[Row] = [
            (order.id, order.user_id, order.product, order.quantity, order.total_cents)
            for order in initial_orders()
        ]
        self.database.fill(_FILL, rows)

    async def find(self, order_id: int) -> Order | None:
        """Return the order, or None if it does not exist."""
        rows = await self.database.execute(_FIND, order_id)
        return _from_row(rows[0]) if rows else None

    async def find_by_user(self, user_id: int) -> list[Order]:
        """Return the 20 newest orders of a user."""
        return [_from_row(row) for row in await self.database.execute(_FIND_BY_USER, user_id)]

    async def report(self, user_id: int) -> Report:
        """Return number and sum of a user's orders, both 0 without orders."""
        ((orders, total_cents),) = await self.database.execute(_REPORT, user_id)
        return Report.model_validate(
            {"user_id": user_id, "orders": orders, "total_cents": total_cents}
        )

    async def place(self, order: NewOrder) -> Order:
        """Store *order* and return it with its id and price."""
        total_cents = PRICES_CENTS[order.product] * order.quantity
        ((order_id,),) = await self.database.execute(
            _PLACE, order.user_id, order.product, order.quantity, total_cents
        )
        placed = Order.model_validate(
            {**order.model_dump(), "id": order_id, "total_cents": total_cents}
        )
        if placed.id > ORDERS + MAX_NEW_ORDERS:
            await self.database.execute(_DELETE_OLDEST, ORDERS, placed.id - MAX_NEW_ORDERS)
        return placed


def _from_row(row: Row) -> Order:
    return Order.model_validate(dict(zip(_COLUMNS, row, strict=True)))
