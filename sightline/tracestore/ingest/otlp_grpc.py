"""OTLP/gRPC receiver: the method `Export` on undecoded messages."""

from typing import Final

import grpc
import grpc.aio

from sightline.errors import PortTaken
from sightline.tracestore.ingest import otlp
from sightline.tracestore.ingest.receiver import Receiver, Refused

_SERVICE: Final = "opentelemetry.proto.collector.trace.v1.TraceService"
_MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""Default of gRPC and of Jaeger's receiver."""

_EMPTY_SUCCESS: Final = b"\n\0"


async def serve(receiver: Receiver, host: str, port: int) -> grpc.aio.Server:
    """Start a server and return it.

    Raises:
        PortTaken: The port is in use.
    """

    async def export(body: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        try:
            await receiver.receive(body, otlp.from_protobuf)
        except otlp.MalformedRequest as error:
            await context.abort(grpc.StatusCode.INTERNAL, str(error))
        except Refused as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        return _EMPTY_SUCCESS

    handlers = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    try:
        server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise PortTaken(f"{host}:{port}: cannot listen: {error}") from error
    await server.start()
    return server
