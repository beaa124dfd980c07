"""OTLP over gRPC, with faults."""

import contextlib
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Final

import grpc

from tests.fakes.faults import Fault
from tests.fakes.received import Received, Request

_SERVICE: Final = "opentelemetry.proto.collector.trace.v1.TraceService"

_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
"""Source: OTLP specification, mapping of failures over gRPC and HTTP."""


class GrpcListener:
    """Receiver of OTLP over gRPC on *port* of loopback."""

    def __init__(
        self, received: Received, port: int, credentials: grpc.ServerCredentials | None
    ) -> None:
        self._received = received
        self._address = f"127.0.0.1:{port}"
        self._credentials = credentials
        self._server: grpc.Server | None = None

    def open(self) -> None:
        """Start to listen."""
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        handlers = {"Export": grpc.unary_unary_rpc_method_handler(_export(self._received))}
        generic = grpc.method_handlers_generic_handler(_SERVICE, handlers)
        self._server.add_generic_rpc_handlers((generic,))
        if self._credentials:
            self._server.add_secure_port(self._address, self._credentials)
        else:
            self._server.add_insecure_port(self._address)
        self._server.start()

    def close(self) -> None:
        """Stop listening, and end every call."""
        if self._server is not None:
            self._server.stop(grace=None).wait()
            self._server = None


def _export(received: Received) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    def export(body: bytes, context: grpc.ServicerContext) -> bytes:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        request = Request(metadata, body)
        received.requests.append(request)
        fault = received.fault
        match fault:
            case Fault(kind="status"):
                context.set_trailing_metadata(_retry_info(fault.retry_after))
                context.abort(_CODES[fault.status], "fault of the test")
            case Fault(kind="chokes") if fault.marker in body:
                received.store_rest(request, fault.marker)
                context.set_trailing_metadata(_retry_info(fault.retry_after))
                context.abort(_CODES[fault.status], "fault of the test")
            case Fault(kind="answer"):
                received.receive(request)
                return fault.answer.partition(b"\r\n\r\n")[2]
            case Fault(kind="blackhole" | "drip"):
                _wait(context, 3600)
                context.abort(grpc.StatusCode.UNAVAILABLE, "fault of the test")
            case Fault(kind="reset"):
                context.abort(grpc.StatusCode.UNAVAILABLE, "fault of the test")
            case Fault(kind="slow"):
                _wait(context, fault.seconds)
        return received.receive(request).SerializeToString()

    return export


def _wait(context: grpc.ServicerContext, seconds: float) -> None:
    """Wait until the client cancels the call, at most *seconds*."""
    gone = threading.Event()
    with contextlib.suppress(Exception):
        context.add_callback(gone.set)
        gone.wait(seconds)


def _retry_info(seconds: str) -> tuple[tuple[str, bytes], ...]:
    """Return an encoded ``RetryInfo``. As in the client, protobuf is not used."""
    if not seconds:
        return ()
    return (("google.rpc.retryinfo-bin", bytes((0x0A, 2, 0x08, int(seconds)))),)
