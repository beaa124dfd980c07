"""The words of the shop: what travels between the services, and what stands in their databases."""

import random
from typing import Annotated, Final

from pydantic import BaseModel, Field

USERS: Final = 20
"""Users 1 to this exist from the start."""
ORDERS: Final = 200
"""Orders 1 to this exist from the start."""
BROKEN_ORDER: Final = 13
"""An order whose user was deleted: reading it fails, the rare 500 of a shop that is old enough."""
DELETED_USER: Final = 99

PRICES_CENTS: Final = {"apple": 40, "bread": 320, "cheese": 890, "tea": 450, "wine": 1290}

_HIGHEST_ID: Final = 2**63 - 1
"""What SQLite can hold."""

Id = Annotated[int, Field(ge=1, le=_HIGHEST_ID)]


class User(BaseModel):
    """A customer."""

    id: Id
    name: str
    tier: str


class UserChange(BaseModel):
    """What a user may change."""

    name: Annotated[str, Field(min_length=1, max_length=80)]


class NewOrder(BaseModel):
    """An order before it is stored."""

    user_id: Id
    product: Annotated[str, Field(pattern=f"^({'|'.join(PRICES_CENTS)})$")]
    quantity: Annotated[int, Field(ge=1, le=100)]


class Order(NewOrder):
    """An order as stored."""

    id: Id
    total_cents: int


class OrderOfUser(Order):
    """An order together with who placed it."""

    user: User


class Report(BaseModel):
    """What a user bought so far."""

    user_id: Id
    orders: int
    total_cents: int


def first_users() -> list[User]:
    """The users a new shop starts with."""
    names = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivo", "Jun")
    return [
        User(
            id=number, name=names[number % len(names)], tier="gold" if number % 5 == 0 else "plain"
        )
        for number in range(1, USERS + 1)
    ]


def first_orders() -> list[Order]:
    """The orders a new shop starts with, the same in every run."""
    draws = random.Random("orders")  # noqa: S311  not a secret
    return [_order(number, draws) for number in range(1, ORDERS + 1)]


def _order(number: int, draws: random.Random) -> Order:
    product = draws.choice(sorted(PRICES_CENTS))
    quantity = draws.randint(1, 5)
    user_id = draws.randint(1, USERS)
    return Order(
        id=number,
        user_id=DELETED_USER if number == BROKEN_ORDER else user_id,
        product=product,
        quantity=quantity,
        total_cents=PRICES_CENTS[product] * quantity,
    )
