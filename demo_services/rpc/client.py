"""Client of the gRPC interface of users."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from demo_services.auth.caller import authorization_headers
from demo_services.peer import PeerError
from demo_services.registry.balancer import Balancer
from demo_services.rpc import SERVICE, users_pb2, users_pb2_grpc
from demo_services.rpc.messages import from_message, to_message
from demo_services.shop import ImportSummary, User
from demo_services.tls import Identity
from instrumentation import Telemetry
from instrumentation.grpc import client_interceptors

HEALTH_TIMEOUT_SECONDS: Final = 1.0
WATCH_GRACE_SECONDS: Final = 2.0
"""Time beyond the requested duration after which a watch fails: the server ends it before."""

_OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),
    # A restarted service is found within a second; the default grows to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
_STATUS_CODES: Final = {
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 503,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
"""HTTP status code by that of gRPC; 502 for all others."""
_INSTANCE_FAILED: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

Answer = TypeVar("Answer")
Stub = Any
"""Generated without types."""


class UsersClient:
    """Client with a channel to each instance, as an async context manager. Its calls are recorded.

    A call that an instance did not accept is sent to another one, once for each. Every procedure
    may be repeated: it reads, or it stores the same names again.

    Args:
        instances: Host and port of each instance, like ``users:9002``.
        identity: With it, the channels use TLS.
        timeout_seconds: Deadline of each call but a watch. The server learns it, too. The attribute
            may change, for the next call.
    """

    def __init__(
        self,
        instances: Balancer,
        *,
        identity: Identity | None,
        telemetry: Telemetry,
        timeout_seconds: float,
    ) -> None:
        self._instances = instances
        self._identity = identity
        self._telemetry = telemetry
        self.timeout_seconds = timeout_seconds
        self._channels: dict[str, _Channel] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for target in list(self._channels):
            await self._channels.pop(target).close()

    async def serves(self) -> bool:
        """Return true if the health service of an instance says that users is serving."""
        for target in self._instances.addresses:
            if await (await self._channel(target)).serves():
                return True
        return False

    async def find(self, user_id: int) -> User:
        """Return one user, by a unary call.

        Raises:
            PeerError: 404 without the user, 503 without connection, 504 after the deadline, 502
                for other errors.
        """
        request = users_pb2.GetUserRequest(id=user_id)

        async def call(users: Stub) -> User:
            return from_message(await users.GetUser(request, **self._options()))

        return await self._call(call)

    async def watch(self, seconds: float) -> AsyncGenerator[User]:
        """Return the changes of the next *seconds*, by a server stream. Close it to end the call.

        They are the changes that its instance made.

        Raises:
            PeerError: As for `find`, before the first change or in the stream.
        """
        request = users_pb2.WatchUsersRequest(seconds=seconds)

        async def call(users: Stub) -> AsyncGenerator[User]:
            stream = users.WatchUsers(request, **self._options(seconds + WATCH_GRACE_SECONDS))
            await stream.wait_for_connection()
            await stream.initial_metadata()
            return _changes(stream)

        return await self._call(call)

    async def import_users(self, users: Iterable[User]) -> ImportSummary:
        """Store the names of *users*, by a client stream.

        Raises:
            PeerError: As for `find`.
        """
        messages = list(map(to_message, users))

        async def call(stub: Stub) -> ImportSummary:
            done = await stub.ImportUsers(iter(messages), **self._options())
            return ImportSummary(imported=done.imported, rejected=done.rejected)

        return await self._call(call)

    async def sync(self, users: Iterable[User]) -> list[User]:
        """Return the stored form of those *users* that differ, by a bidirectional stream.

        Raises:
            PeerError: As for `find`.
        """
        messages = list(map(to_message, users))

        async def call(stub: Stub) -> list[User]:
            stream = stub.SyncUsers(iter(messages), **self._options())
            return [from_message(message) async for message in stream]

        return await self._call(call)

    def _options(self, timeout_seconds: float | None = None) -> dict[str, Any]:
        """Return deadline and metadata of a call, which has the token of the current request."""
        return {
            "timeout": timeout_seconds or self.timeout_seconds,
            "metadata": tuple(authorization_headers().items()),
        }

    async def _call(self, call: Callable[[Stub], Awaitable[Answer]]) -> Answer:
        """Return the answer of *call* for an instance, or another one if it is away."""
        tried: list[str] = []
        while True:
            with self._instances.call(without=tried) as target:
                channel = await self._channel(target)
                try:
                    return await call(channel.users)
                except grpc.aio.AioRpcError as error:
                    if error.code() in _INSTANCE_FAILED:
                        self._instances.record_failure(target)
                    tried.append(target)
                    away = error.code() is grpc.StatusCode.UNAVAILABLE
                    if not away or set(self._instances.addresses) <= set(tried):
                        raise _peer_error(error) from error

    async def _channel(self, target: str) -> "_Channel":
        """Return the channel to *target*. A new one closes those to instances that are gone."""
        if target not in self._channels:
            interceptors = client_interceptors(self._telemetry, target)
            self._channels[target] = _Channel(target, self._identity, interceptors)
            unused = [each for each in self._channels if not self._instances.is_used(each)]
            for closing in [self._channels.pop(each) for each in unused if each != target]:
                await closing.close()
        return self._channels[target]


class _Channel:
    """Channel to one instance, and one for probes, which records no spans."""

    def __init__(self, target: str, identity: Identity | None, interceptors: list[Any]) -> None:
        self._channels = (_open(target, identity, interceptors), _open(target, identity, []))
        calls, probes = self._channels
        self.users: Stub = users_pb2_grpc.UserServiceStub(calls)  # type: ignore[no-untyped-call]  # generated
        self._health = health_pb2_grpc.HealthStub(probes)

    async def serves(self) -> bool:
        request = health_pb2.HealthCheckRequest(service=SERVICE)
        try:
            answer = await self._health.Check(request, timeout=HEALTH_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        serves: bool = answer.status == health_pb2.HealthCheckResponse.SERVING
        return serves

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()


async def _changes(call: Any) -> AsyncGenerator[User]:
    try:
        async for message in call:
            yield from_message(message)
    except grpc.aio.AioRpcError as error:
        raise _peer_error(error) from error
    finally:
        call.cancel()


def _open(target: str, identity: Identity | None, interceptors: list[Any]) -> Any:
    options: Any = _OPTIONS
    if identity is None:
        return grpc.aio.insecure_channel(target, options=options, interceptors=interceptors)
    authority, key, certificate = (
        Path(path).read_bytes() for path in (identity.authority, identity.key, identity.certificate)
    )
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    return grpc.aio.secure_channel(target, credentials, options=options, interceptors=interceptors)


def _peer_error(error: grpc.aio.AioRpcError) -> PeerError:
    code = error.code()
    details = {
        grpc.StatusCode.UNAUTHENTICATED: error.details(),
        grpc.StatusCode.PERMISSION_DENIED: error.details(),
        grpc.StatusCode.NOT_FOUND: error.details(),
        grpc.StatusCode.RESOURCE_EXHAUSTED: "users is busy",
        grpc.StatusCode.UNAVAILABLE: "users is not available",
        grpc.StatusCode.DEADLINE_EXCEEDED: "users did not answer in time",
    }
    detail = details.get(code, f"users answered {code.name}")
    return PeerError(_STATUS_CODES.get(code, 502), detail)
