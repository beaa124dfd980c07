"""Client of the gRPC interface of users."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from demo_services.peer import PeerError
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
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 503,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
"""HTTP status code by that of gRPC; 502 for all others."""


class UsersClient:
    """Client with one channel, as an async context manager. Its calls are recorded.

    Args:
        target: Host and port, like ``users:9002``.
        identity: With it, the channel uses TLS.
        timeout_seconds: Deadline of each call but a watch. The server learns it, too.
    """

    def __init__(
        self,
        target: str,
        *,
        identity: Identity | None,
        telemetry: Telemetry,
        timeout_seconds: float,
    ) -> None:
        self._target = target
        self._identity = identity
        self._interceptors = client_interceptors(telemetry, target)
        self._timeout_seconds = timeout_seconds
        self._channels = AsyncExitStack()

    async def __aenter__(self) -> Self:
        enter = self._channels.enter_async_context
        channel = await enter(_open(self._target, self._identity, self._interceptors))
        self._users = users_pb2_grpc.UserServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        # Probes have a channel of their own, which records no spans.
        probes = await enter(_open(self._target, self._identity, []))
        self._health = health_pb2_grpc.HealthStub(probes)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._channels.aclose()

    async def serves(self) -> bool:
        """Return true if the health service says that users is serving."""
        request = health_pb2.HealthCheckRequest(service=SERVICE)
        try:
            answer = await self._health.Check(request, timeout=HEALTH_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        serves: bool = answer.status == health_pb2.HealthCheckResponse.SERVING
        return serves

    async def find(self, user_id: int) -> User:
        """Return one user, by a unary call.

        Raises:
            PeerError: 404 without the user, 503 without connection, 504 after the deadline, 502
                for other errors.
        """
        request = users_pb2.GetUserRequest(id=user_id)
        with _as_peer_error():
            return from_message(await self._users.GetUser(request, timeout=self._timeout_seconds))

    async def watch(self, seconds: float) -> AsyncGenerator[User]:
        """Return the changes of the next *seconds*, by a server stream. Close it to end the call.

        Raises:
            PeerError: As for `find`, before the first change or in the stream.
        """
        request = users_pb2.WatchUsersRequest(seconds=seconds)
        call = self._users.WatchUsers(request, timeout=seconds + WATCH_GRACE_SECONDS)
        with _as_peer_error():
            await call.wait_for_connection()
            await call.initial_metadata()
        return _changes(call)

    async def import_users(self, users: Iterable[User]) -> ImportSummary:
        """Store the names of *users*, by a client stream.

        Raises:
            PeerError: As for `find`.
        """
        messages = map(to_message, users)
        with _as_peer_error():
            done = await self._users.ImportUsers(iter(messages), timeout=self._timeout_seconds)
        return ImportSummary(imported=done.imported, rejected=done.rejected)

    async def sync(self, users: Iterable[User]) -> list[User]:
        """Return the stored form of those *users* that differ, by a bidirectional stream.

        Raises:
            PeerError: As for `find`.
        """
        messages = map(to_message, users)
        with _as_peer_error():
            call = self._users.SyncUsers(iter(messages), timeout=self._timeout_seconds)
            return [from_message(message) async for message in call]


async def _changes(call: Any) -> AsyncGenerator[User]:
    try:
        with _as_peer_error():
            async for message in call:
                yield from_message(message)
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


@contextmanager
def _as_peer_error() -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        code = error.code()
        details = {
            grpc.StatusCode.NOT_FOUND: error.details(),
            grpc.StatusCode.RESOURCE_EXHAUSTED: "users is busy",
            grpc.StatusCode.UNAVAILABLE: "users is not available",
            grpc.StatusCode.DEADLINE_EXCEEDED: "users did not answer in time",
        }
        detail = details.get(code, f"users answered {code.name}")
        raise PeerError(_STATUS_CODES.get(code, 502), detail) from error
