"""Signing keys in the database of users, shared by its instances and kept over restarts."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import Final

from demo_services.auth.key_set import REFRESH_SECONDS
from demo_services.auth.keys import KeysError, PublicKeys, SigningKey, create_pem, from_pem
from demo_services.auth.settings import AuthSettings
from demo_services.database.pool import Database
from demo_services.database.statement import Schema, Statement, UnavailableError
from demo_services.latency import Latency

PUBLISHED_BEFORE_SECONDS: Final = 2 * REFRESH_SECONDS
"""Time from a new key in the key set to its first signature, or half a rotation if that is less."""
RETAINED_SECONDS: Final = 60.0
"""Time that a key stays in the key set after its last token has expired."""

_MAX_CHECK_SECONDS: Final = 60.0
_QUICK: Final = Latency(name="signing keys", median_seconds=0.002, sigma=0.4)
_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS signing_keys (
    id TEXT PRIMARY KEY, pem TEXT NOT NULL, created_at DOUBLE PRECISION NOT NULL
);
"""
)
_LIST: Final = Statement(
    operation="SELECT",
    table="signing_keys",
    sql="SELECT id, pem, created_at FROM signing_keys ORDER BY created_at DESC, id",
    latency=_QUICK,
    recorded=False,
)
_ADD: Final = Statement(
    operation="INSERT",
    table="signing_keys",
    sql="INSERT INTO signing_keys (id, pem, created_at) VALUES (?, ?, ?)",
    latency=_QUICK,
)
_DELETE: Final = Statement(
    operation="DELETE",
    table="signing_keys",
    sql="DELETE FROM signing_keys WHERE created_at < ?",
    latency=_QUICK,
)

DatedKey = tuple[SigningKey, float]
"""Key and the time of its creation."""


class KeyStore:
    """Keys of ES256, of which one signs. A reader of the database can sign tokens."""

    def __init__(self, database: Database, settings: AuthSettings) -> None:
        self._database = database
        self._rotation_seconds = settings.rotation_seconds
        self._ahead_seconds = min(PUBLISHED_BEFORE_SECONDS, settings.rotation_seconds / 2)
        self._retained_seconds = settings.token_seconds + RETAINED_SECONDS
        self._keys: Sequence[DatedKey] = ()
        database.prepare(_SCHEMA)

    def all(self) -> list[SigningKey]:
        """Return the keys that the key set has, newest first."""
        return [key for key, _ in self._keys]

    async def public_keys(self) -> PublicKeys:
        """Return the keys that verify tokens, as the database has them.

        Raises:
            KeysError: The database cannot be read, or holds no key yet.
        """
        try:
            await self._read()
        except UnavailableError as error:
            raise KeysError(f"{error}") from error
        if not self._keys:
            raise KeysError("there is no key yet")
        return {key.id: key.public for key in self.all()}

    async def signing_key(self) -> SigningKey:
        """Return the newest key that was published long enough, or the only one.

        Raises:
            UnavailableError: There is no key yet, and the database is away.
        """
        if not self._keys:
            await self.rotate()
        return _active(self._keys, time.time() - self._ahead_seconds)

    async def work(self) -> None:
        """Rotate the keys if it is time, then wait until the next check.

        Raises:
            UnavailableError: The database is away.
        """
        await self.rotate()
        await asyncio.sleep(min(_MAX_CHECK_SECONDS, self._ahead_seconds / 4))

    async def rotate(self) -> None:
        """Create a key if the newest one is old, and delete those whose tokens have expired.

        Two instances that do so at once add a key each, which does no harm.

        Raises:
            UnavailableError: The database is away.
        """
        await self._read()
        now = time.time()
        if not self._keys or self._keys[0][1] <= now - self._rotation_seconds:
            await self._database.execute(_ADD, secrets.token_hex(8), create_pem(), now)
            await self._read()
        # The key that signed before this time has signed no token that is still valid.
        cut = now - self._ahead_seconds - self._retained_seconds
        oldest_needed = _created_at(self._keys, cut)
        if self._keys[-1][1] < oldest_needed:
            await self._database.execute(_DELETE, oldest_needed)
            await self._read()

    async def _read(self) -> None:
        rows = await self._database.execute(_LIST)
        known = {key.id: key for key in self.all()}
        self._keys = [
            (known.get(str(id_)) or from_pem(str(id_), str(pem)), float(created_at or 0))
            for id_, pem, created_at in rows
        ]


def _active(keys: Sequence[DatedKey], published_until: float) -> SigningKey:
    return next((key for key, created in keys if created <= published_until), keys[-1][0])


def _created_at(keys: Sequence[DatedKey], moment: float) -> float:
    """Return the time of creation of the key that signed at *moment* plus the time ahead."""
    return next((created for _, created in keys if created <= moment), keys[-1][1])
