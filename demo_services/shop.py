"""Models of the shop, shared by the services, and its initial data."""

import random
from typing import Annotated, Final

from pydantic import BaseModel, Field

USERS: Final = 20
"""Number of initial users. Their ids start at 1."""
ORDERS: Final = 200
"""Number of initial orders. Their ids start at 1."""
BROKEN_ORDER: Final = 13
"""Order of a deleted user. Reading it fails with 500, as corrupt data in a real shop does."""
DELETED_USER: Final = 99

PRICES_CENTS: Final = {"apple": 40, "bread": 320, "cheese": 890, "tea": 450, "wine": 1290}

MAX_WATCH_SECONDS: Final = 60.0
"""Limit on the duration of one watch of users."""

_MAX_ID: Final = 2**63 - 1
"""Largest integer in SQLite."""

Id = Annotated[int, Field(ge=1, le=_MAX_ID)]


class User(BaseModel):
    """Customer of the shop."""

    id: Id
    name: str
    tier: str


class UserChange(BaseModel):
    """Change of a user's data."""

    name: Annotated[str, Field(min_length=1, max_length=80)]


class ImportSummary(BaseModel):
    """Numbers of users whose names an import stored, and of those that it rejected."""

    imported: int
    rejected: int


class NewOrder(BaseModel):
    """Order to be placed."""

    user_id: Id
    product: Annotated[str, Field(pattern=f"^({'|'.join(PRICES_CENTS)})$")]
    quantity: Annotated[int, Field(ge=1, le=100)]


class Order(NewOrder):
    """Stored order."""

    id: Id
    total_cents: int


class OrderOfUser(Order):
    """Stored order with the user who placed it."""

    user: User
    user_is_stale: bool = False
    """True if users failed, and the user is the last one that orders has seen."""


class Report(BaseModel):
    """Number and total price of a user's orders."""

    user_id: Id
    orders: int
    total_cents: int


class Loyalty(BaseModel):
    """Loyalty points of a user."""

    user_id: Id
    orders: int
    points: int


def initial_users() -> list[User]:
    """Return the users of a new shop."""
    names = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivo", "Jun")
    return [
        User(
            id=number, name=names[number % len(names)], tier="gold" if number % 5 == 0 else "plain"
        )
        for number in range(1, USERS + 1)
    ]


def initial_orders() -> list[Order]:
    """Return the orders of a new shop. They are equal in every run."""
    rng = random.Random("orders")
    return [_order(number, rng) for number in range(1, ORDERS + 1)]


def _order(number: int, rng: random.Random) -> Order:
    product = rng.choice(sorted(PRICES_CENTS))
    quantity = rng.randint(1, 5)
    user_id = rng.randint(1, USERS)
    return Order(
        id=number,
        user_id=DELETED_USER if number == BROKEN_ORDER else user_id,
        product=product,
        quantity=quantity,
        total_cents=PRICES_CENTS[product] * quantity,
    )
