"""OTLP over HTTP, written byte by byte, so that responses can be wrong."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import struct
from typing import Final

from google.protobuf.message import DecodeError

from tests.fakes.faults import BLACKHOLE, RESET, Fault
from tests.fakes.received import Received, Request

_ABORT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds, with which close() sends RST."""

_PROTOBUF: Final = "content-type: application/x-protobuf"


class HttpListener:
    """Receiver of OTLP over HTTP on *port* of loopback, in the running event loop."""

    def __init__(self, received: Received, port: int, tls: ssl.SSLContext | None) -> None:
        self._received = received
        self._port = port
        self._tls = tls
        self._listener: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start to listen."""
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=100)
        self._listener.setblocking(False)  # noqa: FBT003  the standard library's signature
        asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    async def close(self) -> None:
        """Stop listening, and close every connection."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        # asyncio's own server loses a connection that it accepts while it closes.
        with contextlib.suppress(BlockingIOError):
            plain, _ = listener.accept()
            connection = asyncio.get_running_loop().create_task(self._serve(plain))
            self._connections.add(connection)
            connection.add_done_callback(lambda task: self._discard(task, plain))

    def _discard(self, connection: asyncio.Task[None], plain: socket.socket) -> None:
        self._connections.discard(connection)
        plain.close()

    async def _serve(self, plain: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, plain, ssl=self._tls
            )
            try:
                writer = asyncio.StreamWriter(transport, protocol, reader, loop)
                while await self._exchange(reader, writer):
                    pass
            finally:
                transport.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read and answer one request. Return true if the connection stays open."""
        fault = self._received.fault
        if fault == RESET:
            plain: socket.socket = writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            return False
        if fault == BLACKHOLE:
            await asyncio.Event().wait()
        request = await _read(reader)
        self._received.requests.append(request)
        return await self._answer(request, fault, writer)

    async def _answer(
        self, request: Request, fault: Fault | None, writer: asyncio.StreamWriter
    ) -> bool:
        match fault:
            case Fault(kind="status"):
                _write(writer, fault.status, b"", f"retry-after: {fault.retry_after}")
            case Fault(kind="too_large") if len(request.body) > fault.bound_bytes:
                _write(writer, 413, b"")
            case Fault(kind="chokes") if fault.marker in request.body:
                self._received.store_rest(request, fault.marker)
                _write(writer, fault.status, b"", f"retry-after: {fault.retry_after}")
            case Fault(kind="drip"):
                await _drip(writer, b"HTTP/1.1 200 OK\r\n\r\n")
            case Fault(kind="dripping_body" | "endless_body" | "cut_short" | "answer"):
                self._received.receive(request)
                return await _answer_wrongly(writer, fault)
            case Fault(kind="lost_ack" | "closing"):
                answer = self._received.receive(request).SerializeToString()
                await _close_after(writer, answer if fault.kind == "closing" else None)
                return False
            case _:
                await asyncio.sleep(fault.seconds if fault else 0)
                _write(writer, *_accept_request(self._received, request))
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = [line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line]
    headers = {name.strip().lower(): value.strip() for name, value in lines}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
    return Request(headers, plain, path=head.split(" ", 2)[1])


def _accept_request(received: Received, request: Request) -> tuple[int, bytes, str]:
    try:
        return 200, received.receive(request).SerializeToString(), _PROTOBUF
    except DecodeError:
        return 400, b"", _PROTOBUF


def _write(writer: asyncio.StreamWriter, code: int, body: bytes, header: str = "x: y") -> None:
    head = f"HTTP/1.1 {code} Said\r\ncontent-length: {len(body)}\r\n{header}\r\n\r\n"
    writer.write(head.encode() + body)


async def _close_after(writer: asyncio.StreamWriter, body: bytes | None) -> None:
    """Respond with success, as a proxy without keep-alive does, and send the body separately."""
    if body is None:
        return
    body = body or b"\x0a\x00"  # an empty partial_success
    head = f"HTTP/1.1 200 Said\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(body)
    await writer.drain()


async def _answer_wrongly(writer: asyncio.StreamWriter, fault: Fault) -> bool:
    """Answer an accepted request wrongly. Return true if the connection stays open."""
    match fault.kind:
        case "dripping_body":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            await _drip(writer, bytes(1000))
        case "endless_body":
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"400\r\n" + bytes(1024) + b"\r\n")
                await writer.drain()
        case "cut_short":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nxx")
            return False
    writer.write(fault.answer)
    await writer.drain()
    return True


async def _drip(writer: asyncio.StreamWriter, answer: bytes) -> None:
    for byte in answer:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(1)
