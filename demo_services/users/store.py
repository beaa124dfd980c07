"""Store of users: the table ``users``."""

from typing import Final

from demo_services.database.pool import Database
from demo_services.database.statement import Row, Schema, Statement, to_model
from demo_services.events.event import UserUpdated
from demo_services.events.outbox import Outbox
from demo_services.latency import Latency
from demo_services.shop import User, initial_users

_COLUMNS: Final = ("id", "name", "tier")

_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS users (id BIGINT PRIMARY KEY, name TEXT NOT NULL, tier TEXT NOT NULL);
""",
    insert="INSERT INTO users (id, name, tier) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    rows=[(user.id, user.name, user.tier) for user in initial_users()],
)

_FIND: Final = Statement(
    operation="SELECT",
    table="users",
    sql="SELECT id, name, tier FROM users WHERE id = ?",
    latency=Latency(name="users read", median_seconds=0.006, sigma=0.6),
)
_RENAME: Final = Statement(
    operation="UPDATE",
    table="users",
    sql="UPDATE users SET name = ? WHERE id = ? RETURNING id, name, tier",
    latency=Latency(name="users write", median_seconds=0.015, sigma=0.5),
)


class UserStore:
    """Users by id."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self.database = database
        self._outbox = outbox
        database.prepare(_SCHEMA)

    async def find(self, user_id: int) -> User | None:
        """Return the user, or None if it does not exist."""
        return _from_rows(await self.database.execute(_FIND, user_id))

    async def rename(self, user_id: int, name: str) -> User | None:
        """Rename the user, with an event, and return it; or None if it does not exist."""
        async with self._outbox.transaction() as transaction:
            user = _from_rows(await transaction.execute(_RENAME, name, user_id))
            if user:
                await self._outbox.add(transaction, UserUpdated(data=user))
        return user


def _from_rows(rows: list[Row]) -> User | None:
    return to_model(User, _COLUMNS, rows[0]) if rows else None
