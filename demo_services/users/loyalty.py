"""Loyalty points of users, counted from the events of orders."""

from typing import Final

from fastapi import APIRouter

from demo_services.database.pool import Database, Transaction
from demo_services.database.statement import Schema, Statement
from demo_services.events.event import OrderCreated
from demo_services.latency import Latency
from demo_services.shop import Id, Loyalty

CENTS_PER_POINT: Final = 100

_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS loyalty (
    user_id BIGINT PRIMARY KEY, orders BIGINT NOT NULL, points BIGINT NOT NULL
);
"""
)
_FIND: Final = Statement(
    operation="SELECT",
    table="loyalty",
    sql="SELECT orders, points FROM loyalty WHERE user_id = ?",
    latency=Latency(name="loyalty read", median_seconds=0.004, sigma=0.4),
)
_ADD: Final = Statement(
    operation="INSERT",
    table="loyalty",
    sql=(
        "INSERT INTO loyalty (user_id, orders, points) VALUES (?, 1, ?)"
        " ON CONFLICT (user_id) DO UPDATE"
        " SET orders = loyalty.orders + 1, points = loyalty.points + excluded.points"
    ),
    latency=Latency(name="loyalty write", median_seconds=0.015, sigma=0.5),
)


class LoyaltyStore:
    """Number of orders and points of each user since the first event."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.prepare(_SCHEMA)

    async def add(self, transaction: Transaction, event: OrderCreated) -> None:
        """Count the order of *event* within *transaction*."""
        order = event.data
        await transaction.execute(_ADD, order.user_id, order.total_cents // CENTS_PER_POINT)

    async def find(self, user_id: int) -> Loyalty:
        """Return the points of a user, 0 before the first order."""
        rows = await self._database.execute(_FIND, user_id)
        orders, points = rows[0] if rows else (0, 0)
        return Loyalty.model_validate({"user_id": user_id, "orders": orders, "points": points})


def loyalty_routes(loyalty: LoyaltyStore) -> APIRouter:
    """Return the route ``/users/{user_id}/loyalty``."""
    routes = APIRouter()

    @routes.get("/users/{user_id}/loyalty")
    async def find(user_id: Id) -> Loyalty:
        return await loyalty.find(user_id)

    return routes
