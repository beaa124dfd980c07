"""Clients of OAuth 2 and the users who can log in: data of the demo."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final, Literal

from demo_services.auth.scopes import SCOPES

Grant = Literal["authorization_code", "client_credentials", "refresh_token"]
GRANTS: Final[tuple[Grant, ...]] = ("authorization_code", "client_credentials", "refresh_token")

TRAFFIC_CLIENT: Final = "traffic"
BROWSER_CLIENT: Final = "browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Registered client."""

    id: str
    secret: str | None = field(repr=False)
    """None for a public client, like a page in a browser, which cannot keep one."""
    grants: frozenset[Grant]
    scopes: tuple[str, ...] = SCOPES
    redirect_uris: tuple[str, ...] = ()
    """Compared as texts, so that a code is sent nowhere else. Source: RFC 9700, section 2.1."""

    def authenticates(self, secret: str | None) -> bool:
        """Return true if *secret* is that of the client, or both have none."""
        if self.secret is None or secret is None:
            return self.secret is None and secret is None
        return equal(secret, self.secret)


def demo_clients(traffic_secret: str) -> dict[str, Client]:
    """Return the clients of the demo by id."""
    clients = (
        Client(id=TRAFFIC_CLIENT, secret=traffic_secret, grants=frozenset({"client_credentials"})),
        Client(
            id=BROWSER_CLIENT,
            secret=None,
            grants=frozenset({"authorization_code", "refresh_token"}),
            redirect_uris=("http://127.0.0.1:8010/callback",),
        ),
    )
    return {client.id: client for client in clients}


PASSWORDS: Final = {"ada": ("10", "lovelace")}
"""Id of the user and password, by login name. They are public, like this file."""


def log_in(name: str, password: str) -> str | None:
    """Return the id of the user, or None if name or password is wrong."""
    user_id, expected = PASSWORDS.get(name, (None, ""))
    return user_id if equal(password, expected) else None


def equal(given: str, expected: str) -> bool:
    """Compare two secrets in a time that tells nothing about them, not even their length."""
    digests = (hashlib.sha256(text.encode()).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)
