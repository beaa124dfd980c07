"""``/api/orders`` and ``/api/users``: a call or two behind each."""

import asyncio
from typing import Final

from fastapi import APIRouter

from demo_services.latency import Latency
from demo_services.peer import Peer
from demo_services.shop import Id, NewOrder, Order, OrderOfUser, User, UserChange

_OWN_WORK: Final = Latency(name="gateway", median_seconds=0.001, sigma=0.3)


def order_routes(orders: Peer) -> APIRouter:
    """Orders by id; reading one is the walk through all three services."""
    routes = APIRouter()

    @routes.get("/api/orders/{order_id}")
    async def find_order(order_id: Id) -> OrderOfUser:
        await asyncio.sleep(_OWN_WORK.draw_seconds())
        return OrderOfUser.model_validate(await orders.get(f"/orders/{order_id}"))

    @routes.post("/api/orders", status_code=201)
    async def place_order(order: NewOrder) -> Order:
        await asyncio.sleep(_OWN_WORK.draw_seconds())
        return Order.model_validate(await orders.send("POST", "/orders", order.model_dump()))

    return routes


def user_routes(users: Peer, orders: Peer) -> APIRouter:
    """Users by id, and what they bought."""
    routes = APIRouter()

    @routes.get("/api/users/{user_id}")
    async def find_user(user_id: Id) -> User:
        return User.model_validate(await users.get(f"/users/{user_id}"))

    @routes.put("/api/users/{user_id}")
    async def rename_user(user_id: Id, change: UserChange) -> User:
        path = f"/users/{user_id}"
        return User.model_validate(await users.send("PUT", path, change.model_dump()))

    @routes.get("/api/users/{user_id}/orders")
    async def orders_of_user(user_id: Id, *, naive: bool = False) -> list[Order]:
        listed = [Order.model_validate(row) for row in await orders.get("/orders", user_id=user_id)]
        return await _one_by_one(orders, listed) if naive else listed

    return routes


async def _one_by_one(orders: Peer, listed: list[Order]) -> list[Order]:
    """The N+1 calls that a waterfall shows at a glance and a code review does not."""
    return [Order.model_validate(await orders.get(f"/orders/{order.id}")) for order in listed]
