"""Scopes: what a token allows, and which operation needs which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from demo_services.health import PROBE_PATHS

ORDERS_READ: Final = "orders:read"
ORDERS_WRITE: Final = "orders:write"
USERS_READ: Final = "users:read"
USERS_WRITE: Final = "users:write"

SCOPES: Final = (ORDERS_READ, ORDERS_WRITE, USERS_READ, USERS_WRITE)

GUEST_SCOPES: Final = frozenset({ORDERS_READ, USERS_READ})
"""Scopes of a request without a token. A token never allows less than none."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Scopes of the requests below a path. The first rule that matches a request holds."""

    path: str
    """Prefix of the paths."""
    read: str
    """Scope of requests that change nothing."""
    write: str
    """Scope of all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """Paths without tokens. `Authorization` can be the credentials of a client there."""

    path: str


Rules = Sequence[Rule | Public]

PUBLIC: Final = tuple(Public(path=path) for path in (*PROBE_PATHS, "/oauth/", "/.well-known/"))
_ORDERS: Final = Rule(path="/", read=ORDERS_READ, write=ORDERS_WRITE)

GATEWAY: Final[Rules] = (
    *PUBLIC,
    Rule(path="/api/users", read=USERS_READ, write=USERS_WRITE),
    _ORDERS,
)
ORDERS: Final[Rules] = (*PUBLIC, _ORDERS)
USERS: Final[Rules] = (*PUBLIC, Rule(path="/", read=USERS_READ, write=USERS_WRITE))

PROCEDURES: Final = {"GetUser": USERS_READ, "WatchUsers": USERS_READ}
"""Scopes of procedures of gRPC; `USERS_WRITE` for all others."""


def required_scope(rules: Rules, method: str, path: str) -> str | None:
    """Return the scope of a request, or None if it needs no token at all."""
    rule = next(rule for rule in rules if path.startswith(rule.path))
    match rule:
        case Public():
            return None
        case Rule():
            return rule.read if method in _SAFE_METHODS else rule.write
