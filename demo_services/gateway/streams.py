"""Routes ``/api/users/watch``, ``/import`` and ``/sync``, served by streams of gRPC."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import StreamingResponse

from demo_services.peer import PeerError
from demo_services.rpc.client import UsersClient
from demo_services.shop import MAX_WATCH_SECONDS, USERS, ImportSummary, User

Seconds = Annotated[float, Query(gt=0, le=MAX_WATCH_SECONDS)]
Users = Annotated[list[User], Body(max_length=USERS)]


def stream_routes(users: UsersClient) -> APIRouter:
    """Return the routes. They precede ``/api/users/{user_id}``, which matches ``watch``, too."""
    routes = APIRouter()

    @routes.get("/api/users/watch", response_class=StreamingResponse)
    async def watch(seconds: Seconds = 10.0) -> StreamingResponse:
        changes = await users.watch(seconds)
        return StreamingResponse(
            _events(changes),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    @routes.post("/api/users/import")
    async def import_users(changed: Users) -> ImportSummary:
        return await users.import_users(changed)

    @routes.post("/api/users/sync")
    async def sync(known: Users) -> list[User]:
        return await users.sync(known)

    return routes


async def _events(changes: AsyncGenerator[User]) -> AsyncIterator[str]:
    """Yield server-sent events. A client that leaves ends this generator, and so the call.

    Source: HTML, "Server-sent events".
    """
    yield ": watching\n\n"
    async with aclosing(changes):
        try:
            async for user in changes:
                yield f"event: user\ndata: {user.model_dump_json()}\n\n"
        except PeerError as error:
            yield f"event: error\ndata: {error.detail}\n\n"
