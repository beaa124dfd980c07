"""HTTP/1.1 over one keep-alive connection, as a reverse proxy shares it between callers."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple

KEY: Final = base64.b64encode(bytes(16)).decode()
"""Nonce of every WebSocket handshake. The response of the server is not checked."""
TEXT: Final = 0x81
CLOSE: Final = 0x88
MASKED: Final = 0x80
LONG: Final = 126
"""Marker for a length in the next two bytes. Source: RFC 6455, section 5.2."""


class Answer(NamedTuple):
    """Response of the service."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Client side of one connection. It reconnects after the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the streams, connected."""
        if self._reader is None or self._writer is None or self._reader.at_eof():
            self.abort()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self._reader, self._writer

    def abort(self) -> None:
        """Reset the connection. The next request opens another."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def ask(self, *requests: bytes) -> list[Answer]:
        """Send *requests* in one write and return their responses."""
        reader, writer = await self.open()
        writer.write(b"".join(requests))
        answers = [await read_answer(reader) for _ in requests]
        if any(answer.headers.get("connection") == "close" for answer in answers):
            self.abort()
        return answers

    async def break_off(self, request: bytes) -> None:
        """Send *request* and reset the connection without reading the response."""
        _, writer = await self.open()
        writer.write(request)
        await writer.drain()
        await asyncio.sleep(0)
        self.abort()

    async def converse(self, path: str, headers: Mapping[str, str]) -> bytes:
        """Send one WebSocket message on this connection and return the reply."""
        upgrade = {
            **headers,
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": KEY,
        }
        reader, writer = await self.open()
        try:
            writer.write(request("GET", path, upgrade))
            await reader.readuntil(b"\r\n\r\n")
            writer.write(frame(TEXT, b"hello"))
            answer = await read_frame(reader)
            writer.write(frame(CLOSE, b"\x03\xe8"))
            await read_frame(reader)
            return answer
        finally:
            self.abort()


def request(
    method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, size: int = -1
) -> bytes:
    """Return the bytes of a request.

    Args:
        method: HTTP method.
        path: Request target.
        headers: Headers in addition to host and length.
        body: Body that is sent.
        size: Value of content-length. If negative, the length of *body*.
    """
    length = len(body) if size < 0 else size
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one response, chunked or not."""
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = b"".join([chunk async for chunk in read_chunks(reader)])
    return Answer(int(status.split()[1]), headers, body)


async def read_chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the chunks of a body. Source: RFC 9112, section 7.1."""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)


def frame(kind: int, payload: bytes) -> bytes:
    """Return a short masked WebSocket frame. Source: RFC 6455, section 5.2."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([kind, MASKED | len(payload)]) + mask + masked


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Return the payload of the server's next frame."""
    _, length = await reader.readexactly(2)
    if length == LONG:
        length = int.from_bytes(await reader.readexactly(2))
    return await reader.readexactly(length)
