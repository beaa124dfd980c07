"""OTLP/gRPC receiver: the method `Export` on undecoded messages."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import grpc
import grpc.aio

from sightline.errors import PortTaken
from sightline.tracestore.ingest import otlp
from sightline.tracestore.ingest.errors import MalformedRequest, Refused, TooManyItems
from sightline.tracestore.ingest.receiver import Receiver

_SERVICE: Final = "opentelemetry.proto.collector.trace.v1.TraceService"
_MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""Default of gRPC and of Jaeger's receiver."""

_EXPECTED_BYTES: Final = 2 * _MAX_MESSAGE_BYTES
"""gRPC assembles a message from its parts, which are in memory at the same time."""

_FIXED_WINDOW: Final = 0
"""64 KiB of a message are received before it is read. gRPC would else grow the window on a fast
connection, and receive messages that wait, outside of the sum of bodies."""

_READ_BYTES: Final = 64 * 1024
"""Buffer of a connection, which it keeps. gRPC would else enlarge it with the size of messages."""

_EMPTY_SUCCESS: Final = b"\n\0"

Context = grpc.aio.ServicerContext[bytes, bytes]


class _NoMessage(MalformedRequest):
    """The client ended its stream without a message."""


async def _message(context: Context) -> AsyncIterator[bytes]:
    """Yield the first message of a call; like Jaeger, ignore others.

    Raises:
        _NoMessage: There is none. Source: grpc-go 1.82, `processUnaryRPC`: UNKNOWN, ``EOF``.
    """
    # gRPC's own iterator would hold the message until the garbage collector finds it. It also never
    # frees the message of a read that is cancelled, so the read goes on until the call ends.
    reading = asyncio.ensure_future(context.read())
    reading.add_done_callback(_ignore)
    message = await asyncio.shield(reading)
    if not isinstance(message, bytes):  # `grpc.aio.EOF`, which the types lack
        raise _NoMessage("EOF")
    yield message


def _ignore(reading: asyncio.Future[bytes]) -> None:
    """Mark the error of a read as seen, because its call may have ended before."""
    if not reading.cancelled():
        reading.exception()


async def serve(receiver: Receiver, host: str, port: int) -> grpc.aio.Server:
    """Start a server and return it.

    Raises:
        PortTaken: The port is in use.
    """

    # Called before the message has arrived, so that an incomplete one can be refused.
    async def export(_messages: AsyncIterator[bytes], context: Context) -> bytes:
        try:
            await receiver.receive(
                _message(context), otlp.from_protobuf, expected_bytes=_EXPECTED_BYTES
            )
        except _NoMessage as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except TooManyItems as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except MalformedRequest as error:
            await context.abort(grpc.StatusCode.INTERNAL, str(error))
        except Refused as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        return _EMPTY_SUCCESS

    handlers = {"Export": grpc.stream_unary_rpc_method_handler(export)}
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
            ("grpc.http2.bdp_probe", _FIXED_WINDOW),
            ("grpc.experimental.tcp_max_read_buffer_size", _READ_BYTES),
        ]
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    try:
        server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise PortTaken(f"{host}:{port}: cannot listen: {error}") from error
    await server.start()
    return server
