"""Fakes that speak the real protocol on loopback.

`Collector` takes OTLP over HTTP and gRPC, remembers the spans, and misbehaves on demand::

    with Collector() as collector:
        collector.misbehave(status(503, retry_after="1"))
        ...
        collector.behave()
        until(lambda: len(collector.spans) == 100, within_seconds=5)
"""

import asyncio
import contextlib
import gzip
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent import futures
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.ports import free_ports

_SERVICE: Final = "opentelemetry.proto.collector.trace.v1.TraceService"
_ABORT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends RST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A way to misbehave."""

    kind: str
    status: int = 0
    retry_after: str = ""
    seconds: float = 0.0
    rejected: int = 0
    bound_bytes: int = 0


CLOSED = Fault(kind="closed")
"""Nobody listens."""
BLACKHOLE = Fault(kind="blackhole")
"""Connections are taken, nothing is ever answered."""
DRIP = Fault(kind="drip")
"""A success whose body comes at a byte a second."""
RESET = Fault(kind="reset")
"""Connections are reset."""
LOST_ACK = Fault(kind="lost_ack")
"""Spans are stored, the connection closes without an answer."""
WEB_PAGE = Fault(kind="web_page")
"""A success that is a log-in page."""


def status(code: int, *, retry_after: str = "") -> Fault:
    """Every request is answered with this HTTP status; over gRPC with its equivalent."""
    return Fault(kind="status", status=code, retry_after=retry_after)


def slow(seconds: float) -> Fault:
    """Every request is taken, but answered late."""
    return Fault(kind="slow", seconds=seconds)


def partial_success(rejected: int) -> Fault:
    """Every request is answered with success, but *rejected* of its spans are not taken."""
    return Fault(kind="partial", rejected=rejected)


def too_large(bound_bytes: int) -> Fault:
    """Requests of more uncompressed bytes are answered with 413."""
    return Fault(kind="too_large", bound_bytes=bound_bytes)


@dataclass(slots=True)
class Request:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes
    """Without its compression."""

    @property
    def message(self) -> ExportTraceServiceRequest:
        """The request, decoded."""
        return ExportTraceServiceRequest.FromString(self.body)

    @property
    def spans(self) -> list[Span]:
        """Its spans."""
        return [
            span
            for resource in self.message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@dataclass(slots=True)
class _Memory:
    """What came, whether it was taken or not."""

    requests: list[Request] = field(default_factory=list)
    taken: list[Span] = field(default_factory=list)


class Collector:
    """An OTLP collector on two ports of loopback; a context manager."""

    def __init__(self) -> None:
        self.http_port, self.grpc_port = free_ports(2)
        self.fault: Fault | None = None
        self._memory = _Memory()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._http = _HttpListener(self)
        self._grpc: grpc.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def http_endpoint(self) -> str:
        """For OTEL_EXPORTER_OTLP_ENDPOINT with http/protobuf."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def grpc_endpoint(self) -> str:
        """For OTEL_EXPORTER_OTLP_ENDPOINT with grpc."""
        return f"http://127.0.0.1:{self.grpc_port}"

    @property
    def spans(self) -> list[Span]:
        """Spans that were taken, each once: a sender may repeat what it saw no answer to."""
        return list({span.span_id: span for span in self._memory.taken}.values())

    @property
    def deliveries(self) -> int:
        """Spans that were taken, repetitions too."""
        return len(self._memory.taken)

    @property
    def requests(self) -> list[Request]:
        """All requests, in order; those that were not taken, too."""
        return self._memory.requests

    def misbehave(self, fault: Fault) -> None:
        """Be faulty from now on; connections that are open end."""
        self._close()
        self.fault = fault
        if fault != CLOSED:
            self._open()

    def behave(self) -> None:
        """Take everything from now on."""
        self._close()
        self.fault = None
        self._open()

    def receive(self, request: Request) -> ExportTraceServiceResponse:
        """Take the spans of *request*, as far as the fault lets us."""
        answer = ExportTraceServiceResponse()
        spans = request.spans
        rejected = min(self.fault.rejected if self.fault else 0, len(spans))
        if rejected:
            answer.partial_success.rejected_spans = rejected
            answer.partial_success.error_message = "quota\nexceeded"
        self._memory.taken += spans[rejected:]
        return answer

    def _open(self) -> None:
        self._run(self._http.open())
        self._grpc = _grpc_server(self)

    def _close(self) -> None:
        self._run(self._http.close())
        if self._grpc is not None:
            self._grpc.stop(grace=None).wait()
            self._grpc = None

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=5)


class _HttpListener:
    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self._collector.http_port
        )

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection, writer in self._connections.items():
            connection.cancel()
            writer.transport.abort()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._connections.clear()
        self._server = None

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections[connection] = writer
        connection.add_done_callback(lambda done: self._connections.pop(done, None))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection stays open."""
        fault = self._collector.fault
        if fault == RESET:
            plain: socket.socket = writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            return False
        if fault == BLACKHOLE:
            await asyncio.Event().wait()
        request = await _read(reader)
        self._collector.requests.append(request)
        return await self._answer(request, fault, writer)

    async def _answer(
        self, request: Request, fault: Fault | None, writer: asyncio.StreamWriter
    ) -> bool:
        match fault:
            case Fault(kind="status"):
                _write(writer, fault.status, b"", f"retry-after: {fault.retry_after}")
            case Fault(kind="too_large") if len(request.body) > fault.bound_bytes:
                _write(writer, 413, b"")
            case Fault(kind="web_page"):
                _write(writer, 200, b"<html>log in</html>", "content-type: text/html")
            case Fault(kind="drip"):
                await _drip(writer)
            case Fault(kind="lost_ack"):
                self._collector.receive(request)
                return False
            case _:
                await asyncio.sleep(fault.seconds if fault else 0)
                _write(writer, *_taken(self._collector, request))
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = [line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line]
    headers = {name.strip().lower(): value.strip() for name, value in lines}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
    return Request(headers, plain)


def _taken(collector: Collector, request: Request) -> tuple[int, bytes, str]:
    try:
        return 200, collector.receive(request).SerializeToString(), _PROTOBUF
    except DecodeError:
        return 400, b"", _PROTOBUF


_PROTOBUF = "content-type: application/x-protobuf"


def _write(writer: asyncio.StreamWriter, code: int, body: bytes, header: str = "x: y") -> None:
    head = f"HTTP/1.1 {code} Said\r\ncontent-length: {len(body)}\r\n{header}\r\n\r\n"
    writer.write(head.encode() + body)


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1)


_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
"""Source: OTLP specification, mapping of failures over gRPC and HTTP."""


def _grpc_server(collector: Collector) -> grpc.Server:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    handlers = {"Export": grpc.unary_unary_rpc_method_handler(_export(collector))}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{collector.grpc_port}")
    server.start()
    return server


def _export(collector: Collector) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    def export(body: bytes, context: grpc.ServicerContext) -> bytes:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        request = Request(metadata, body)
        collector.requests.append(request)
        fault = collector.fault
        match fault:
            case Fault(kind="status"):
                context.set_trailing_metadata(_retry_info(fault.retry_after))
                context.abort(_CODES[fault.status], "as told")
            case Fault(kind="blackhole" | "drip"):
                _wait(context, 3600)
                context.abort(grpc.StatusCode.UNAVAILABLE, "as told")
            case Fault(kind="reset"):
                context.abort(grpc.StatusCode.UNAVAILABLE, "as told")
            case Fault(kind="slow"):
                _wait(context, fault.seconds)
        return collector.receive(request).SerializeToString()

    return export


def _wait(context: grpc.ServicerContext, seconds: float) -> None:
    """Until the client gives up, at most *seconds*."""
    gone = threading.Event()
    with contextlib.suppress(Exception):
        context.add_callback(gone.set)
        gone.wait(seconds)


def _retry_info(seconds: str) -> tuple[tuple[str, bytes], ...]:
    """A ``RetryInfo``, which the client reads without protobuf; so is it written here."""
    if not seconds:
        return ()
    return (("google.rpc.retryinfo-bin", bytes((0x0A, 2, 0x08, int(seconds)))),)


def attribute(attributes: Iterable[KeyValue], key: str) -> object:
    """The value of *key* among protobuf key-values, as Python has it; None when absent."""
    found = [item.value for item in attributes if item.key == key]
    return getattr(found[0], found[0].WhichOneof("value") or "") if found else None
