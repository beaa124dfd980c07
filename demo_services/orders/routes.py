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
    """An order refers to a user who does not exist. The data is corrupt, not the request."""


def order_routes(store: OrderStore, users: Peer) -> APIRouter:
    """Return the routes below ``/orders``."""
    routes = APIRouter()

    @routes.get("/orders/{order_id}")
    async def find(order_id: Id) -> OrderOfUser:
        order = await store.find(order_id)
        if order is None:
            raise HTTPException(404, f"no order {order_id}")
        return OrderOfUser(**order.model_dump(), user=await _fetch_owner(order, users))

    @routes.get("/orders")
    async def find_by_user(user_id: Id) -> list[Order]:
        return await store.find_by_user(user_id)

    @routes.post("/orders", status_code=201)
    async def place(order: NewOrder) -> Order:
        await users.get(f"/users/{order.user_id}")
        placed = await store.place(order)
        _LOG.info("order placed", extra={"order_id": placed.id, "total_cents": placed.total_cents})
        return placed

    return routes


def report_routes(store: OrderStore, tracer: Tracer) -> APIRouter:
    """Return the route ``/reports/{user_id}``, which extracts the trace context by hand."""
    routes = APIRouter()

    @routes.get("/reports/{user_id}")
    async def report(user_id: Id, request: Request) -> Report:
        # As in a service without the middleware: the span of the caller becomes the parent.
        caller = extract(request.headers)
        with tracer.start_as_current_span("build report", context=caller):
            return await store.report(user_id)

    return routes


async def _fetch_owner(order: Order, users: Peer) -> User:
    try:
        return User.model_validate(await users.get(f"/users/{order.user_id}"))
    except PeerError as error:
        if error.status_code != HTTPStatus.NOT_FOUND:
            raise
        raise UserMissingError(f"order {order.id} refers to user {order.user_id}") from error
