"""Service under every server, on asyncio and on trio."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from fastapi import FastAPI, Request, WebSocket
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, PlainTextResponse, StreamingResponse

from instrumentation import instrument

app = FastAPI(title="served")


@app.get("/plain")
async def plain() -> PlainTextResponse:
    """Respond with five bytes."""
    return PlainTextResponse("hello")


@app.get("/sync")
def sync() -> PlainTextResponse:
    """Respond from a worker thread."""
    return PlainTextResponse("hello")


async def chunks(count: int) -> AsyncIterator[bytes]:
    """Yield *count* chunks of 1000 bytes."""
    for _ in range(count):
        yield bytes(1000)
        await anyio.sleep(0.001)


@app.get("/stream")
async def stream() -> StreamingResponse:
    """Respond with three chunks."""
    return StreamingResponse(chunks(3))


@app.get("/endless")
async def endless() -> StreamingResponse:
    """Respond with more chunks than any test reads."""
    return StreamingResponse(chunks(1_000_000))


@app.get("/file")
async def file() -> FileResponse:
    """Respond with this file, which some servers send themselves."""
    return FileResponse(Path(__file__))


@app.post("/upload")
async def upload(request: Request) -> PlainTextResponse:
    """Read the whole body."""
    return PlainTextResponse(str(len(await request.body())))


@app.get("/wait")
async def wait(request: Request) -> PlainTextResponse:
    """Wait until the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
    return PlainTextResponse("too late")


@app.get("/fail")
async def fail() -> None:
    """Raise an exception before the response."""
    raise LookupError


@app.get("/break")
async def break_off() -> StreamingResponse:
    """Raise an exception within the response."""

    async def broken() -> AsyncIterator[bytes]:
        yield bytes(1000)
        raise LookupError

    return StreamingResponse(broken())


async def forget() -> None:
    """Raise an exception after the response."""
    raise LookupError


@app.get("/background")
async def background() -> PlainTextResponse:
    """Start a task that fails."""
    return PlainTextResponse("hello", background=BackgroundTask(forget))


@app.websocket("/socket")
async def socket(socket: WebSocket) -> None:
    """Send back every message."""
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


instrument(app)
