"""gRPC interface of users: one call of each type."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
from pydantic import ValidationError

from demo_services.database.statement import UnavailableError
from demo_services.rpc import users_pb2
from demo_services.rpc.messages import to_message
from demo_services.rpc.users_pb2_grpc import UserServiceServicer
from demo_services.shop import MAX_WATCH_SECONDS, UserChange
from demo_services.users.changes import Changes, TooManyWatchersError
from demo_services.users.store import UserStore

Context = Any
"""Context of a call; its type in grpc differs between versions."""

_NOTHING: Final = ()


class UserService(UserServiceServicer):
    """Implementation of `demo_services/rpc/users.proto`."""

    def __init__(self, store: UserStore, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def GetUser(self, request: users_pb2.GetUserRequest, context: Context) -> users_pb2.User:
        """Return one user."""
        async with _available(context):
            user = await self._store.find(request.id)
        if user is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no user {request.id}")
            raise AssertionError
        return to_message(user)

    async def WatchUsers(
        self, request: users_pb2.WatchUsersRequest, context: Context
    ) -> AsyncIterator[users_pb2.User]:
        """Yield each change of a user."""
        if not 0 < request.seconds <= MAX_WATCH_SECONDS:
            expected = f"seconds: expected more than 0 and at most {MAX_WATCH_SECONDS:g}"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, expected)
        try:
            changes = self._changes.watch(request.seconds)
        except TooManyWatchersError as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
        # The caller learns that no later change is missed.
        await context.send_initial_metadata(_NOTHING)
        async for user in changes:
            yield to_message(user)

    async def ImportUsers(
        self, requests: AsyncIterator[users_pb2.User], context: Context
    ) -> users_pb2.ImportUsersResponse:
        """Store the name of each user that exists."""
        imported = rejected = 0
        async with _available(context):
            async for message in requests:
                if await self._rename(message):
                    imported += 1
                else:
                    rejected += 1
        return users_pb2.ImportUsersResponse(imported=imported, rejected=rejected)

    async def SyncUsers(
        self, requests: AsyncIterator[users_pb2.User], context: Context
    ) -> AsyncIterator[users_pb2.User]:
        """Yield the stored form of each user that differs from the one received."""
        async for message in requests:
            async with _available(context):
                user = await self._store.find(message.id)
            if user and to_message(user) != message:
                yield to_message(user)

    async def _rename(self, message: users_pb2.User) -> bool:
        try:
            change = UserChange(name=message.name)
        except ValidationError:
            return False
        user = await self._store.rename(message.id, change.name)
        if user:
            self._changes.publish(user)
        return user is not None


@asynccontextmanager
async def _available(context: Context) -> AsyncIterator[None]:
    """Abort the call with UNAVAILABLE if the database does not answer within the block."""
    try:
        yield
    except UnavailableError as error:
        await context.abort(grpc.StatusCode.UNAVAILABLE, f"the database is unavailable: {error}")
