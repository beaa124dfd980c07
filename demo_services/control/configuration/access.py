"""Right to change a configuration.

In ``dev`` and ``test`` the right is that of the whole control service: it listens on loopback, and
`demo_services/hosts.py` refuses requests that a foreign page sends. In ``prod`` that is not enough,
because each process of a machine reaches its loopback and an audit line needs an author, so each
change needs the token. Where the token is set, each profile needs it.
"""

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request

PROTECTED: Final = frozenset({"prod"})
"""Profiles whose changes need a token."""
MIN_TOKEN_LENGTH: Final = 16

Authorize = Callable[[Request, str], str]
"""Returns the author of a request that changes a profile, or raises `ForbiddenError`."""


class ForbiddenError(Exception):
    """The request may not change the profile."""


class TokenError(ValueError):
    """The file of the token is unusable."""


def read_token(path: Path) -> str:
    """Return the token in the file at *path*.

    Raises:
        TokenError: It is unreadable or too short.
    """
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        token = ""
    if len(token) < MIN_TOKEN_LENGTH:
        raise TokenError(
            f"CONFIG_TOKEN_FILE={str(path)!r}: expected a readable file with at least "
            f"{MIN_TOKEN_LENGTH} characters"
        )
    return token


def by_token(token: str | None) -> Authorize:
    """Return the check for the bearer *token*."""

    def authorize(request: Request, profile: str) -> str:
        address = request.client.host if request.client else "unknown"
        if token is None:
            if profile in PROTECTED:
                raise ForbiddenError(f"changes of {profile} need a token: set CONFIG_TOKEN_FILE")
            return address
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), token.encode())
        if scheme.lower() != "bearer" or not right:
            raise ForbiddenError("expected the token of CONFIG_TOKEN_FILE as a bearer token")
        return f"token from {address}"

    return authorize
