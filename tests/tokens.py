"""Access tokens for requests of tests, fetched as a client does."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from demo_services.auth.clients import TRAFFIC_CLIENT
from demo_services.auth.keys import SigningKey, create_shared_key, from_pem, read_shared_key
from demo_services.auth.scopes import SCOPES
from demo_services.auth.settings import DEMO_CREDENTIAL
from demo_services.auth.tokens import issue

if TYPE_CHECKING:  # a stack runs without the packages of tests
    import httpx

Headers = dict[str, str]

_KEPT_SECONDS = 200
"""Time after which a new token is fetched: they are valid for 300 seconds."""

_FETCHED: dict[str, tuple[str, float]] = {}
"""Token and time by address, so that a test can go on while users is away."""


def bearer(url: str) -> Headers:
    """Return the header with a token of the issuer at *url*: users, or a gateway in front of it."""
    token, fetched_at = _FETCHED.get(url, ("", 0.0))
    if time.time() > fetched_at + _KEPT_SECONDS:
        token = fetch(url)
        _FETCHED[url] = token, time.time()
    return authorization(token)


def fetch(url: str, client: "httpx.Client | None" = None) -> str:
    """Return a new token of the issuer at *url*, over the connection of *client*."""
    answer = (client or requests).post(
        f"{url}/oauth/token",
        auth=(TRAFFIC_CLIENT, DEMO_CREDENTIAL),
        data={"grant_type": "client_credentials"},
        timeout=10,
    )
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


def shared(file: Path) -> Headers:
    """Return the header with a token that is signed with the key of HS256 in *file*."""
    create_shared_key(file)
    key, scope = read_shared_key(file), " ".join(SCOPES)
    subject = TRAFFIC_CLIENT
    return authorization(
        issue(key, subject=subject, client_id=subject, scope=scope, lifetime_seconds=300)
    )


def authorization(token: str) -> Headers:
    """Return the header of a request with *token*."""
    return {"authorization": f"Bearer {token}"}


def signing_key(database: Path) -> SigningKey:
    """Return the key with which users signs, from its SQLite file."""
    with closing(sqlite3.connect(database)) as connection:
        ((key_id, pem),) = connection.execute("SELECT id, pem FROM signing_keys").fetchall()
    return from_pem(key_id, pem)
