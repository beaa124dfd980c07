"""Requests to an ASGI application without a server, so that none corrects them."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from instrumentation._support.asgi_types import ASGIApp, Message

Messages = list[dict[str, Any]]


def scope(path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any value of a scope
    """Return the scope of a GET request for *path*, updated with *more*."""
    plain = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    return {**plain, **more}


EMPTY: Final = ({"type": "http.request", "body": b"", "more_body": False},)
"""Messages of a request without a body."""


async def answer(
    app: ASGIApp, request: dict[str, Any], received: Iterable[Message] = EMPTY
) -> tuple[Messages, str]:
    """Return the messages that *app* sends, and its exception, for the messages *received*."""
    sent: Messages = []
    messages = iter(received)

    async def receive() -> Message:
        for message in messages:
            return message
        await asyncio.Event().wait()  # the client stays connected
        return {}

    async def send(message: Any) -> None:  # noqa: ANN401  any message
        sent.append(dict(message))

    try:
        await app(dict(request), receive, send)
    except Exception as error:  # noqa: BLE001  part of the result
        return sent, repr(error)
    return sent, ""


def get(app: ASGIApp, path: str, **more: Any) -> int:  # noqa: ANN401  as above
    """Return the status code of a GET request for *path*."""
    sent, _ = asyncio.run(answer(app, scope(path, **more)))
    status_code: int = sent[0]["status"]
    return status_code
