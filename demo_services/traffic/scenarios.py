"""What visitors do, and how often: mostly reading, a little buying, a few mistakes."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from demo_services.shop import BROKEN_ORDER, ORDERS, PRICES_CENTS, USERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the gateway."""

    method: str
    path: str
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A kind of visit."""

    name: str
    weight: float
    """Visits of this kind in a hundred."""
    call: Callable[[random.Random], Call]


def _get(path: str, highest: int) -> Callable[[random.Random], Call]:
    return lambda draws: Call(method="GET", path=path.format(draws.randint(1, highest)))


def _place_order(draws: random.Random) -> Call:
    body = {
        "user_id": draws.randint(1, USERS),
        "product": draws.choice(sorted(PRICES_CENTS)),
        "quantity": draws.randint(1, 5),
    }
    return Call(method="POST", path="/api/orders", body=body)


def _rename(draws: random.Random) -> Call:
    path = f"/api/users/{draws.randint(1, USERS)}"
    return Call(method="PUT", path=path, body={"name": draws.choice(("Kai", "Lea", "Mo"))})


def _order(draws: random.Random) -> Call:
    number = draws.choice([order for order in range(1, ORDERS + 1) if order != BROKEN_ORDER])
    return Call(method="GET", path=f"/api/orders/{number}")


def _constant(call: Call) -> Callable[[random.Random], Call]:
    return lambda _: call


SCENARIOS: Final = (
    Scenario(name="read_order", weight=58.4, call=_order),
    Scenario(name="read_user", weight=18, call=_get("/api/users/{}", USERS)),
    Scenario(name="list_orders", weight=8, call=_get("/api/users/{}/orders", USERS)),
    Scenario(
        name="list_orders_naively", weight=1, call=_get("/api/users/{}/orders?naive=true", USERS)
    ),
    Scenario(name="place_order", weight=6, call=_place_order),
    Scenario(name="rename_user", weight=3, call=_rename),
    Scenario(name="report", weight=4, call=_get("/api/report/{}", USERS)),
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
"""The mix; weights add up to 100. The last three are the noise of a real shop: 404, 422, 500."""


def choose(draws: random.Random) -> Scenario:
    """The next visit."""
    weights = [scenario.weight for scenario in SCENARIOS]
    return draws.choices(SCENARIOS, weights)[0]
