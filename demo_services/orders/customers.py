"""Snapshot of the users' data that orders needs, kept current by events of users."""

from typing import Final

from fastapi import APIRouter, HTTPException

from demo_services.database.pool import Database, Transaction
from demo_services.database.statement import Schema, Statement, to_model
from demo_services.events.event import UserUpdated
from demo_services.latency import Latency
from demo_services.shop import Id, User, initial_users

_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS customers (
    user_id BIGINT PRIMARY KEY, name TEXT NOT NULL, tier TEXT NOT NULL
);
""",
    insert="INSERT INTO customers (user_id, name, tier) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    rows=[(user.id, user.name, user.tier) for user in initial_users()],
)
_FIND: Final = Statement(
    operation="SELECT",
    table="customers",
    sql="SELECT user_id, name, tier FROM customers WHERE user_id = ?",
    latency=Latency(name="customers read", median_seconds=0.004, sigma=0.4),
)
_KEEP: Final = Statement(
    operation="INSERT",
    table="customers",
    sql=(
        "INSERT INTO customers (user_id, name, tier) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, tier = excluded.tier"
    ),
    latency=Latency(name="customers write", median_seconds=0.008, sigma=0.4),
)


class Customers:
    """Users as orders knows them: older than users' own data by the lag of the events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.prepare(_SCHEMA)

    async def keep(self, transaction: Transaction, event: UserUpdated) -> None:
        """Keep the data of *event* within *transaction*."""
        user = event.data
        await transaction.execute(_KEEP, user.id, user.name, user.tier)

    async def find(self, user_id: int) -> User | None:
        """Return the user, or None if it is unknown."""
        rows = await self._database.execute(_FIND, user_id)
        return to_model(User, ("id", "name", "tier"), rows[0]) if rows else None


def customer_routes(customers: Customers) -> APIRouter:
    """Return the route ``/customers/{user_id}``."""
    routes = APIRouter()

    @routes.get("/customers/{user_id}")
    async def find(user_id: Id) -> User:
        user = await customers.find(user_id)
        if user is None:
            raise HTTPException(404, f"no customer {user_id}")
        return user

    return routes
