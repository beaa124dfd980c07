"""Small services to watch. All are asked for the same path, ``/items/42``."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

CHUNKS: Final = 1000
"""Of a streamed answer, as many as a language model says words."""


def small() -> FastAPI:
    """One route that answers a small JSON object: the worst case for a ratio."""
    return fifty(others=0)


def fifty(*, others: int = 49) -> FastAPI:
    """The same as the last of fifty routes."""
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
    """One route that answers a thousand chunks."""
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
"""By name."""
