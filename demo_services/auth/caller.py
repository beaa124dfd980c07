"""Caller of the current request, whose token the calls to other services have.

It stays in a context variable: baggage would carry the token to the telemetry, and further.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from demo_services.auth.scopes import GUEST_SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Caller of a request as its token names it."""

    subject: str = ""
    """Id of a user, or that of a client which acts for itself. Empty for a guest."""
    client_id: str = ""
    scopes: frozenset[str] = GUEST_SCOPES
    token: str = field(default="", repr=False)


GUEST: Final = Caller()

_CURRENT: Final = ContextVar("caller", default=GUEST)


def current_caller() -> Caller:
    """Return the caller of the current request."""
    return _CURRENT.get()


@contextmanager
def acting_for(caller: Caller) -> Iterator[None]:
    """Serve *caller* within the block."""
    token = _CURRENT.set(caller)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def authorization_headers() -> dict[str, str]:
    """Return the header, or metadata of gRPC, with the token of the current request, if any."""
    token = current_caller().token
    return {"authorization": f"Bearer {token}"} if token else {}
