"""Store of authorization codes and refresh tokens. It has their digests alone."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from demo_services.database.pool import Database, Transaction
from demo_services.database.statement import Row, Schema, Statement
from demo_services.latency import Latency

CODE_SECONDS: Final = 60.0
REFRESH_TOKEN_SECONDS: Final = 86_400.0
MAX_GRANTS: Final = 10_000
"""Limit on the stored grants. Beyond it, the oldest is dropped."""

Kind = Literal["code", "refresh"]

_LIFETIMES: Final[dict[Kind, float]] = {"code": CODE_SECONDS, "refresh": REFRESH_TOKEN_SECONDS}
_QUICK: Final = Latency(name="grants", median_seconds=0.002, sigma=0.4)
_SCHEMA: Final = Schema(
    tables="""
CREATE TABLE IF NOT EXISTS grants (
    number IDENTITY, digest TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, family TEXT NOT NULL,
    client_id TEXT NOT NULL, subject TEXT NOT NULL, scope TEXT NOT NULL,
    redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL, used BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS grants_of_family ON grants (family);
CREATE INDEX IF NOT EXISTS grants_by_expiry ON grants (expires_at);
"""
)
_ADD: Final = Statement(
    operation="INSERT",
    table="grants",
    sql="INSERT INTO grants (digest, kind, family, client_id, subject, scope, redirect_uri,"
    " challenge, expires_at, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING number",
    latency=_QUICK,
)
_USE: Final = Statement(
    operation="UPDATE",
    table="grants",
    sql="UPDATE grants SET used = 1 WHERE digest = ? AND kind = ? AND used = 0 AND expires_at > ?"
    " RETURNING family, client_id, subject, scope, redirect_uri, challenge",
    latency=_QUICK,
)
_REVOKE: Final = Statement(
    operation="DELETE",
    table="grants",
    sql="DELETE FROM grants WHERE family IN"
    " (SELECT family FROM grants WHERE digest = ? AND kind = ? AND used = 1) RETURNING number",
    latency=_QUICK,
)
_DROP: Final = Statement(
    operation="DELETE",
    table="grants",
    sql="DELETE FROM grants WHERE expires_at <= ? OR number <= ?",
    latency=_QUICK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Permission of a user for a client, until the family of its grants is revoked."""

    family: str = field(default_factory=lambda: secrets.token_hex(16))
    client_id: str
    subject: str
    scope: str
    redirect_uri: str = ""
    challenge: str = ""


class UnknownGrantError(Exception):
    """The code or refresh token does not exist, has expired or was revoked."""


class ReplayedGrantError(Exception):
    """The code or refresh token was used before, so its family is revoked now."""


Check = Callable[[Permission], None]
"""Raises if the request does not match the permission. The grant stays unused then."""


class Grants:
    """Codes and refresh tokens, each of which works once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.prepare(_SCHEMA)

    async def add_code(self, permission: Permission) -> str:
        """Store *permission* and return its code."""
        async with self._database.transaction() as transaction:
            return await _add(transaction, "code", permission)

    async def exchange(self, kind: Kind, secret: str, check: Check) -> tuple[Permission, str]:
        """Use a grant, and return its permission with a new refresh token of the same family.

        Raises:
            ReplayedGrantError: The grant was used before.
            UnknownGrantError: It is not valid for other reasons.
        """
        digest = _digest(secret)
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(_USE, digest, kind, time.time())
            if rows:
                permission = _permission(rows[0])
                check(permission)
                return permission, await _add(transaction, "refresh", permission)
            revoked = await transaction.execute(_REVOKE, digest, kind)
        raise ReplayedGrantError if revoked else UnknownGrantError


async def _add(transaction: Transaction, kind: Kind, permission: Permission) -> str:
    secret, now = secrets.token_urlsafe(32), time.time()
    ((number,),) = await transaction.execute(
        _ADD,
        _digest(secret),
        kind,
        permission.family,
        permission.client_id,
        permission.subject,
        permission.scope,
        permission.redirect_uri,
        permission.challenge,
        now + _LIFETIMES[kind],
    )
    await transaction.execute(_DROP, now, int(str(number)) - MAX_GRANTS)
    return secret


def _digest(secret: str) -> str:
    """Return the digest of a random secret, which is too long to be guessed from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _permission(row: Row) -> Permission:
    family, client_id, subject, scope, redirect_uri, challenge = map(str, row)
    return Permission(
        family=family,
        client_id=client_id,
        subject=subject,
        scope=scope,
        redirect_uri=redirect_uri,
        challenge=challenge,
    )
