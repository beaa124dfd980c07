"""Routes of orders."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from opentelemetry.trace import Tracer

from demo_services.orders.store import OrderStore
from demo_services.peer import Peer, PeerError
from demo_services.shop import Id, NewOrder, Order, OrderOfUser, Report, User
from instrumentation import extract

_LOG: Final = logging.getLogger(__name__)


class UserMissingError(Exception):
    """An order names a user whom users does not know: our data is broken, the caller is not."""


def order_routes(store: OrderStore, users: Peer) -> APIRouter:
    """``/orders``."""
    routes = APIRouter()

    @routes.get("/orders/{order_id}")
    async def find(order_id: Id) -> OrderOfUser:
        order = await store.find(order_id)
        if order is None:
            raise HTTPException(404, f"no order {order_id}")
        return OrderOfUser(**order.model_dump(), user=await _owner(order, users))

    @routes.get("/orders")
    async def of_user(user_id: Id) -> list[Order]:
        return await store.of_user(user_id)

    @routes.post("/orders", status_code=201)
    async def place(order: NewOrder) -> Order:
        await users.get(f"/users/{order.user_id}")
        placed = await store.place(order)
        _LOG.info("order placed", extra={"order_id": placed.id, "total_cents": placed.total_cents})
        return placed

    return routes


def report_routes(store: OrderStore, tracer: Tracer) -> APIRouter:
    """``/reports``, the other side of the gateway's tutorial route."""
    routes = APIRouter()

    @routes.get("/reports/{user_id}")
    async def report(user_id: Id, request: Request) -> Report:
        # By hand, as a service without our middleware would: the caller's span is the parent.
        caller = extract(request.headers)
        with tracer.start_as_current_span("build report", context=caller):
            return await store.report(user_id)

    return routes


async def _owner(order: Order, users: Peer) -> User:
    try:
        return User.model_validate(await users.get(f"/users/{order.user_id}"))
    except PeerError as error:
        if error.status_code != HTTPStatus.NOT_FOUND:
            raise
        raise UserMissingError(f"order {order.id} names user {order.user_id}") from error
