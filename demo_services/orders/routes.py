"""Routes of orders."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, HTTPException, Response

from demo_services.orders.fulfilment import Fulfilment
from demo_services.orders.owners import Owners
from demo_services.orders.store import OrderStore
from demo_services.peer import PeerError
from demo_services.resilience.degraded import mark_degraded
from demo_services.resilience.worker_pool import PoolFullError
from demo_services.shop import Id, NewOrder, Order, OrderOfUser, User

RETRY_SECONDS: Final = 1
"""Time after which a client may try again, if no worker is free for its order."""

_LOG: Final = logging.getLogger(__name__)


class UserMissingError(Exception):
    """An order refers to a user who does not exist. The data is corrupt, not the request."""


def order_routes(store: OrderStore, owners: Owners, fulfilment: Fulfilment) -> APIRouter:
    """Return the routes below ``/orders``."""
    routes = APIRouter()

    @routes.get("/orders/{order_id}")
    async def find(order_id: Id, response: Response) -> OrderOfUser:
        order = await store.find(order_id)
        if order is None:
            raise HTTPException(404, f"no order {order_id}")
        user, stale = await _find_owner(order, owners)
        if stale:
            mark_degraded(response, "users")
        return OrderOfUser(**order.model_dump(), user=user, user_is_stale=stale)

    @routes.get("/orders")
    async def find_by_user(user_id: Id) -> list[Order]:
        return await store.find_by_user(user_id)

    @routes.post("/orders", status_code=201)
    async def place(order: NewOrder) -> Order:
        try:
            with fulfilment.reserve() as submit:
                await owners.find(order.user_id)
                placed = await store.place(order)
                submit(placed.id)
        except PoolFullError as error:
            raise PeerError(503, "orders is busy", retry_after_seconds=RETRY_SECONDS) from error
        _LOG.info("order placed", extra={"order_id": placed.id, "total_cents": placed.total_cents})
        return placed

    return routes


async def _find_owner(order: Order, owners: Owners) -> tuple[User, bool]:
    try:
        return await owners.find_or_stale(order.user_id)
    except PeerError as error:
        if error.status_code != HTTPStatus.NOT_FOUND:
            raise
        raise UserMissingError(f"order {order.id} refers to user {order.user_id}") from error
