"""gRPC server of a service: calls are recorded, health is served, with TLS if there is an identity.

Source: gRPC, "GRPC Health Checking Protocol".
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from demo_services.settings import Settings
from demo_services.tls import Identity
from demo_services.urls import url_host
from instrumentation import Telemetry
from instrumentation.grpc import ServerInterceptor

MAX_CONCURRENT_CALLS: Final = 100
"""Limit on calls in flight. A call beyond it is answered with RESOURCE_EXHAUSTED."""
STOP_WITHIN_SECONDS: Final = 1.0
"""Time for calls in flight to finish at the end; longer ones are cancelled."""
_NO_SHARED_PORT: Final = ("grpc.so_reuseport", 0)


@asynccontextmanager
async def serving(
    add_service: Callable[[Any], None],
    *,
    name: str,
    settings: Settings,
    telemetry: Telemetry,
    interceptors: Sequence[Any] = (),  # a type that is generic in the stubs alone
) -> AsyncIterator[None]:
    """Serve one service and its health until the block ends.

    Args:
        add_service: Adds the service to the server that it is called with.
        name: Full name of the service, like ``shop.users.v1.UserService``.
        settings: Address to listen on. With an identity, clients need a certificate of the same
            authority.
        telemetry: Records the calls.
        interceptors: Called within the record, so that a call which they refuse is recorded.

    Raises:
        RuntimeError: The port is in use.
    """
    server: Any = grpc.aio.server(
        interceptors=[ServerInterceptor(telemetry), *interceptors],
        options=[_NO_SHARED_PORT],
        maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS,
    )
    add_service(server)
    status = health.aio.HealthServicer()  # type: ignore[attr-defined]  # not in the stubs
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    address = f"{url_host(settings.host)}:{settings.grpc_port}"
    if settings.identity:
        server.add_secure_port(address, _credentials(settings.identity))
    else:
        server.add_insecure_port(address)
    await server.start()
    await status.set(name, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield
    finally:
        await status.enter_graceful_shutdown()
        await server.stop(STOP_WITHIN_SECONDS)


def _credentials(identity: Identity) -> grpc.ServerCredentials:
    key, certificate, authority = (
        Path(path).read_bytes() for path in (identity.key, identity.certificate, identity.authority)
    )
    return grpc.ssl_server_credentials(
        [(key, certificate)], root_certificates=authority, require_client_auth=True
    )
