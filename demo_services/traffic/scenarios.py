"""Scenarios of the load: mostly reads, some orders, a few errors."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from demo_services.shop import BROKEN_ORDER, ORDERS, PRICES_CENTS, USERS

_ONLY: Final = 0.9
WATCH_SECONDS: Final = 0.3
"""Duration of a watch, below the objective of the gateway for its latency."""

_NAMES: Final = ("Kai", "Lea", "Mo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Request to the gateway."""

    method: str
    path: str
    body: Mapping[str, object] | list[Mapping[str, object]] | None = None
    stale_token: bool = False
    """True for a token that has expired or is malformed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Kind of request with its share of the load."""

    name: str
    weight: float
    """Percentage of all requests."""
    call: Callable[[random.Random], Call]


def _get(path: str, highest: int) -> Callable[[random.Random], Call]:
    return lambda rng: Call(method="GET", path=path.format(rng.randint(1, highest)))


def _place_order(rng: random.Random) -> Call:
    body = {
        "user_id": rng.randint(1, USERS),
        "product": rng.choice(sorted(PRICES_CENTS)),
        "quantity": rng.randint(1, 5),
    }
    return Call(method="POST", path="/api/orders", body=body)


def _rename(rng: random.Random) -> Call:
    path = f"/api/users/{rng.randint(1, USERS)}"
    return Call(method="PUT", path=path, body={"name": rng.choice(_NAMES)})


def _users(path: str) -> Callable[[random.Random], Call]:
    """Return calls that send one to three users to *path*."""

    def call(rng: random.Random) -> Call:
        numbers = rng.sample(range(1, USERS + 1), rng.randint(1, 3))
        users = [{"id": id_, "name": rng.choice(_NAMES), "tier": "plain"} for id_ in numbers]
        return Call(method="POST", path=path, body=[*users])

    return call


def _order(rng: random.Random) -> Call:
    number = rng.choice([order for order in range(1, ORDERS + 1) if order != BROKEN_ORDER])
    return Call(method="GET", path=f"/api/orders/{number}")


def _constant(call: Call) -> Callable[[random.Random], Call]:
    return lambda _: call


SCENARIOS: Final = (
    Scenario(name="read_order", weight=57.9, call=_order),
    Scenario(name="read_user", weight=16.5, call=_get("/api/users/{}", USERS)),
    Scenario(name="list_orders", weight=8, call=_get("/api/users/{}/orders", USERS)),
    Scenario(
        name="list_orders_naively", weight=1, call=_get("/api/users/{}/orders?naive=true", USERS)
    ),
    Scenario(name="place_order", weight=6, call=_place_order),
    Scenario(name="rename_user", weight=3, call=_rename),
    Scenario(name="import_users", weight=0.5, call=_users("/api/users/import")),
    Scenario(name="sync_users", weight=0.5, call=_users("/api/users/sync")),
    Scenario(
        name="watch_users",
        weight=0.5,
        call=_constant(Call(method="GET", path=f"/api/users/watch?seconds={WATCH_SECONDS}")),
    ),
    Scenario(name="report", weight=4, call=_get("/api/report/{}", USERS)),
    Scenario(
        name="stale_token",
        weight=0.5,
        call=lambda rng: replace(_order(rng), stale_token=True),
    ),
    Scenario(
        name="unknown_order",
        weight=1,
        call=_constant(Call(method="GET", path="/api/orders/999999999")),
    ),
    Scenario(
        name="malformed_order",
        weight=0.5,
        call=_constant(Call(method="POST", path="/api/orders", body={"user_id": "one"})),
    ),
    Scenario(
        name="broken_order",
        weight=0.1,
        call=_constant(Call(method="GET", path=f"/api/orders/{BROKEN_ORDER}")),
    ),
)
"""Scenarios whose weights add up to 100. The last four cause the responses 401, 404, 422 and
500."""


def choose(rng: random.Random, only: str = "") -> Scenario:
    """Return a random scenario, by weight. Nine in ten are *only*, if it is given."""
    if only and rng.random() < _ONLY:
        return next(scenario for scenario in SCENARIOS if scenario.name == only)
    weights = [scenario.weight for scenario in SCENARIOS]
    return rng.choices(SCENARIOS, weights)[0]
