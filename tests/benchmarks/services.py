"""Small services to instrument. All of them serve the path ``/items/42``."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

CHUNKS: Final = 1000
"""Chunks of a streamed response, as many as the words of a language model."""


def small() -> FastAPI:
    """Return a service with one route and a small response, the worst case for a ratio."""
    return fifty(others=0)


def fifty(*, others: int = 49) -> FastAPI:
    """Return the same service with 49 other routes before it."""
    app = FastAPI()

    async def other(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    for number in range(others):
        app.get(f"/other{number}/{{item_id}}/details")(other)

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, Any]:
        return {"item_id": item_id, "name": "widget", "price": 9.5}

    return app


def stream() -> FastAPI:
    """Return a service with a response of `CHUNKS` chunks."""
    app = FastAPI()

    async def words() -> AsyncIterator[bytes]:
        for _ in range(CHUNKS):
            yield b"data: word\n\n"

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> StreamingResponse:
        del item_id
        return StreamingResponse(words(), media_type="text/event-stream")

    return app


SERVICES: Final[dict[str, Callable[[], FastAPI]]] = {
    "small": small,
    "fifty": fifty,
    "stream": stream,
}
"""Factories by name."""
