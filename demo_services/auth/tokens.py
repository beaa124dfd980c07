"""Access tokens: JSON Web Tokens with a pinned algorithm. Source: RFC 9068, RFC 8725."""

import secrets
import time
from typing import Any, Final

import jwt

from demo_services.auth import refusal
from demo_services.auth.caller import Caller
from demo_services.auth.keys import PublicKey, SigningKey
from demo_services.auth.refusal import RefusedError
from demo_services.auth.scopes import GUEST_SCOPES
from demo_services.auth.settings import Algorithm

ISSUER: Final = "https://users.shop.example"
AUDIENCES: Final = ("gateway", "orders", "users")
"""Services that accept the token: a request passes through them."""

MAX_TOKEN_LENGTH: Final = 4096
LEEWAY_SECONDS: Final = 5
"""Tolerated difference between the clocks of two services."""

_TYPE: Final = "at+jwt"
_REQUIRED: Final = ("iss", "aud", "exp", "iat", "jti", "sub", "client_id", "scope")

_RESULTS: Final[dict[type[jwt.PyJWTError], str]] = {
    jwt.ExpiredSignatureError: refusal.EXPIRED,
    jwt.ImmatureSignatureError: refusal.NOT_YET_VALID,
    jwt.InvalidAudienceError: refusal.WRONG_AUDIENCE,
    jwt.InvalidIssuerError: refusal.WRONG_ISSUER,
}
"""Results by error; `refusal.INVALID` for all others."""


def issue(
    key: SigningKey, *, subject: str, client_id: str, scope: str, lifetime_seconds: int
) -> str:
    """Return a token, signed with *key*."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": list(AUDIENCES),
        "sub": subject,
        "client_id": client_id,
        "scope": scope,
        "iat": now,
        "exp": now + lifetime_seconds,
        "jti": secrets.token_urlsafe(12),
    }
    return sign(key, claims)


def sign(key: SigningKey, claims: dict[str, Any]) -> str:
    """Return a token with any *claims*, signed with *key*."""
    headers = {"kid": key.id, "typ": _TYPE}
    return jwt.encode(claims, key.private, algorithm=key.algorithm, headers=headers)


def key_id(token: str, algorithm: Algorithm) -> str:
    """Return the id of the key that *token* names.

    Raises:
        RefusedError: The token is malformed, of another type, or names another algorithm.
    """
    try:
        header = jwt.get_unverified_header(token) if len(token) <= MAX_TOKEN_LENGTH else {}
    except jwt.PyJWTError as error:
        raise RefusedError(refusal.INVALID) from error
    named = header.get("kid")
    if header.get("alg") != algorithm or header.get("typ") != _TYPE or not isinstance(named, str):
        raise RefusedError(refusal.INVALID)
    return named


def check(token: str, key: PublicKey, *, algorithm: Algorithm, audience: str) -> Caller:
    """Return the caller that *token* names.

    Raises:
        RefusedError: The token has a wrong signature or claim, or is expired.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": list(_REQUIRED)},
        )
    except jwt.PyJWTError as error:
        raise RefusedError(_RESULTS.get(type(error), refusal.INVALID)) from error
    subject, client_id, scope = (claims[name] for name in ("sub", "client_id", "scope"))
    if not (isinstance(client_id, str) and isinstance(scope, str)):
        raise RefusedError(refusal.INVALID)
    scopes = GUEST_SCOPES | set(scope.split())
    return Caller(subject=subject, client_id=client_id, scopes=scopes, token=token)
