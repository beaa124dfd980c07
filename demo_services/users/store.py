"""Store of users: the table ``users``."""

from typing import Final

from opentelemetry.trace import Tracer

from demo_services.database import Database, Statement
from demo_services.latency import Latency
from demo_services.shop import User, initial_users

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, tier TEXT NOT NULL);
"""
_FILL: Final = "INSERT OR IGNORE INTO users (id, name, tier) VALUES (?, ?, ?)"

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
    """Users by id, in a SQLite file."""

    def __init__(self, path: str, tracer: Tracer) -> None:
        self.database = Database(path, schema=_SCHEMA, tracer=tracer)
        self.database.fill(_FILL, [(user.id, user.name, user.tier) for user in initial_users()])

    async def find(self, user_id: int) -> User | None:
        """Return the user, or None if it does not exist."""
        return _from_rows(await self.database.execute(_FIND, user_id))

    async def rename(self, user_id: int, name: str) -> User | None:
        """Rename the user and return it, or None if it does not exist."""
        return _from_rows(await self.database.execute(_RENAME, name, user_id))


def _from_rows(rows: list[tuple[int | str | None, ...]]) -> User | None:
    return (
        User.model_validate(dict(zip(("id", "name", "tier"), rows[0], strict=True)))
        if rows
        else None
    )
