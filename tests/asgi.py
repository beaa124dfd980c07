"""Requests to an ASGI app without a server: nothing repairs them on the way."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from instrumentation._support.asgi_types import ASGIApp

Messages = list[dict[str, Any]]


def scope(path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a server may send
    """A GET of *path*, with *more* of the scope."""
    plain = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    return {**plain, **more}


EMPTY: Final = ({"type": "http.request", "body": b"", "more_body": False},)
"""All that a client sends without a body."""


async def answer(
    app: ASGIApp, request: dict[str, Any], received: Iterable[dict[str, Any]] = EMPTY
) -> tuple[Messages, str]:
    """What *app* sends, and what it raises, when the client's messages are *received*."""
    sent: Messages = []
    messages = iter(received)

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()  # the client neither sends nor leaves
        return {}

    async def send(message: Any) -> None:  # noqa: ANN401  whatever the app sends
        sent.append(dict(message))

    try:
        await app(dict(request), receive, send)
    except Exception as error:  # noqa: BLE001  it is part of the answer
        return sent, repr(error)
    return sent, ""


def get(app: ASGIApp, path: str, **more: Any) -> int:  # noqa: ANN401  as above
    """The status code of the answer to a GET of *path*."""
    sent, _ = asyncio.run(answer(app, scope(path, **more)))
    status_code: int = sent[0]["status"]
    return status_code
