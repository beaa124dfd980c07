"""Routes ``/api/orders`` and ``/api/users``, served by calls to orders and users."""

import asyncio
from typing import Final

from fastapi import APIRouter, Response

from demo_services.latency import Latency
from demo_services.peer import Peer
from demo_services.resilience.degraded import mark_degraded
from demo_services.shop import Id, NewOrder, Order, OrderOfUser, User, UserChange

_PROCESSING: Final = Latency(name="gateway", median_seconds=0.001, sigma=0.3)


def order_routes(orders: Peer) -> APIRouter:
    """Return the routes below ``/api/orders``. Reading an order involves all three services."""
    routes = APIRouter()

    @routes.get("/api/orders/{order_id}")
    async def find_order(order_id: Id, response: Response) -> OrderOfUser:
        await asyncio.sleep(_PROCESSING.draw_seconds())
        found = await orders.get("/orders/{order_id}", order_id=order_id)
        order = OrderOfUser.model_validate(found)
        if order.user_is_stale:
            mark_degraded(response, "users")
        return order

    @routes.post("/api/orders", status_code=201)
    async def place_order(order: NewOrder) -> Order:
        await asyncio.sleep(_PROCESSING.draw_seconds())
        return Order.model_validate(await orders.send("POST", "/orders", order.model_dump()))

    return routes


def user_routes(users: Peer, orders: Peer) -> APIRouter:
    """Return the routes below ``/api/users``."""
    routes = APIRouter()

    @routes.get("/api/users/{user_id}")
    async def find_user(user_id: Id) -> User:
        return User.model_validate(await users.get("/users/{user_id}", user_id=user_id))

    @routes.put("/api/users/{user_id}")
    async def rename_user(user_id: Id, change: UserChange) -> User:
        body = change.model_dump()
        renamed = await users.send("PUT", "/users/{user_id}", body, user_id=user_id)
        return User.model_validate(renamed)

    @routes.get("/api/users/{user_id}/orders")
    async def orders_of_user(user_id: Id, *, naive: bool = False) -> list[Order]:
        found = [Order.model_validate(row) for row in await orders.get("/orders", user_id=user_id)]
        return await _fetch_individually(orders, found) if naive else found

    return routes


async def _fetch_individually(orders: Peer, found: list[Order]) -> list[Order]:
    """Fetch every order again, one by one: an N+1 pattern that the trace view makes visible."""
    return [
        Order.model_validate(await orders.get("/orders/{order_id}", order_id=order.id))
        for order in found
    ]
