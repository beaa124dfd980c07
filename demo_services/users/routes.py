"""Routes of users."""

import logging
from typing import Final

from fastapi import APIRouter, HTTPException

from demo_services.shop import Id, User, UserChange
from demo_services.users.changes import Changes
from demo_services.users.store import UserStore

_LOG: Final = logging.getLogger(__name__)


def user_routes(store: UserStore, changes: Changes) -> APIRouter:
    """Return the routes below ``/users``."""
    routes = APIRouter()

    @routes.get("/users/{user_id}")
    async def find(user_id: Id) -> User:
        return _require(user_id, await store.find(user_id))

    @routes.put("/users/{user_id}")
    async def rename(user_id: Id, change: UserChange) -> User:
        user = _require(user_id, await store.rename(user_id, change.name))
        changes.publish(user)
        _LOG.info("user renamed", extra={"user_id": user_id})
        return user

    return routes


def _require(user_id: int, user: User | None) -> User:
    if user is None:
        raise HTTPException(404, f"no user {user_id}")
    return user
