"""HTTP responses with the status codes and headers of Jaeger."""

import json
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline.tracestore.storage.attributes import JSON

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_answer(document: JSON, status: int = 200) -> Response:
    """Return *document* as JSON; errors have the content type of text, as in Jaeger."""
    body = encoded(document)
    if status < HTTPStatus.BAD_REQUEST:
        return Response(body, status, media_type="application/json")
    return plain_text(f"{body.decode()}\n", status)


def encoded(document: JSON) -> bytes:
    """Return *document* as JSON without spaces."""
    return _ENCODER.encode(document).encode(errors="replace")


def plain_text(text: str, status: int) -> Response:
    """Return an error *text* with the headers of Go's `http.Error`."""
    return Response(
        text,
        status,
        headers={
            "Content-Type": "text/plain; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
        },
    )


class Traced:
    """ASGI middleware that adds Jaeger's header `Traceresponse`, empty without a trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"traceresponse", b"")]
            await send(message)

        await self._app(scope, receive, send_traced)


class BadParameter(ValueError):
    """A query parameter is invalid."""


Answer = Callable[[Request], Awaitable[Response]]


def with_bad_request(answer: Answer, failure: Callable[[str, int], Response]) -> Answer:
    """Return *answer* with a 400 from *failure* for invalid parameters."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except BadParameter as error:
            return failure(str(error), 400)
        except ClientDisconnect:
            return Response(status_code=400)

    return answered


async def page_not_found(_request: Request, _error: Exception) -> Response:
    """Answer an unknown path or method with 404, as Go's router does."""
    return plain_text("not found\n", 404)


def jaeger_app(routes: Sequence[Route]) -> Starlette:
    """Return an application of *routes* with 404 for everything else."""
    app = Starlette(routes=routes, exception_handlers={404: page_not_found, 405: page_not_found})
    app.router.redirect_slashes = False
    return app
