"""A client that leaves is no failure of the service; a failure of the service stays one."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any, Final

import pytest
from fastapi import Body, FastAPI, Request
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from instrumentation import TelemetryMiddleware
from instrumentation._support.asgi_types import Message, Receive, Scope, Send
from instrumentation.testing import Recording
from tests.asgi import EMPTY, answer, scope

COUNT: Final = "http_server_request_duration_seconds_count"
SIZE: Final = "http_server_request_body_size_bytes_count"

LEFT: Final[Message] = {"type": "http.disconnect"}
PART: Final[Message] = {"type": "http.request", "body": b"four", "more_body": True}
BROKEN_UPLOAD: Final = (PART, LEFT)
GONE_AFTER_THE_REQUEST: Final = (*EMPTY, LEFT)
LENGTH: Final = [(b"content-length", b"1000")]

app = FastAPI()


@app.post("/raw")
async def raw(request: Request) -> int:
    return len(await request.body())


@app.post("/model")
async def model(item: dict[str, str] = Body()) -> dict[str, str]:  # noqa: B008, FAST002  the plain form
    return item


@app.post("/wrapped")
async def wrapped(request: Request) -> None:
    try:
        await request.body()
    except Exception as error:
        raise LookupError("no body") from error


@app.get("/poll")
async def poll(request: Request) -> PlainTextResponse:
    await request.body()
    return PlainTextResponse("late", 503 if await request.is_disconnected() else 200)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"chunk"
        await asyncio.sleep(0.001)


@app.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(endless())


@app.get("/canceled")
async def canceled() -> None:
    raise asyncio.CancelledError


@app.get("/bug")
async def bug(request: Request) -> None:
    await request.body()
    await request.is_disconnected()
    raise LookupError("bug")


@app.get("/database")
async def database() -> None:
    raise ConnectionRefusedError("database")


async def call(
    telemetry: Recording,
    path: str,
    received: Iterable[Message],
    target: FastAPI = app,
    **more: Any,  # noqa: ANN401  of the scope
) -> None:
    with suppress(asyncio.CancelledError):
        instrumented = TelemetryMiddleware(target, telemetry.telemetry)
        await answer(instrumented, scope(path, **more), received)


@pytest.mark.parametrize(
    ("path", "received", "status_code"),
    [
        ("/raw", BROKEN_UPLOAD, ""),
        ("/model", BROKEN_UPLOAD, ""),
        ("/wrapped", BROKEN_UPLOAD, ""),
        ("/poll", GONE_AFTER_THE_REQUEST, ""),
        ("/stream", GONE_AFTER_THE_REQUEST, ""),
        ("/canceled", GONE_AFTER_THE_REQUEST, ""),
    ],
)
def test_a_client_that_leaves_is_named_and_no_failure(
    telemetry: Recording, path: str, received: Iterable[Message], status_code: str
) -> None:
    method, headers = ("POST", LENGTH) if received is BROKEN_UPLOAD else ("GET", [])

    asyncio.run(call(telemetry, path, received, method=method, headers=headers))

    (span,) = telemetry.spans
    assert (span.status, span.events) == ("UNSET", ())
    assert span.attributes["error.type"] == "client_disconnected"
    labels = {"error_type": "client_disconnected", "http_response_status_code": status_code}
    assert telemetry.metric(COUNT, http_route=path, **labels) == 1
    assert telemetry.metric(COUNT, http_response_status_code="500") == 0


@pytest.mark.parametrize(
    ("method", "received"), [("POST", BROKEN_UPLOAD), ("GET", GONE_AFTER_THE_REQUEST)]
)
def test_a_client_that_leaves_a_stream_behind_a_middleware_is_named(
    telemetry: Recording, method: str, received: Iterable[Message]
) -> None:
    below = FastAPI()

    @below.middleware("http")
    async def unchanged(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    @below.api_route("/progress", methods=[method])
    async def progress() -> StreamingResponse:
        return StreamingResponse(endless())

    headers = LENGTH if received is BROKEN_UPLOAD else []
    asyncio.run(call(telemetry, "/progress", received, below, method=method, headers=headers))

    (span,) = telemetry.spans
    assert (span.status, span.attributes["error.type"]) == ("UNSET", "client_disconnected")


def test_the_size_of_a_broken_upload_is_not_measured(telemetry: Recording) -> None:
    asyncio.run(call(telemetry, "/raw", BROKEN_UPLOAD, method="POST", headers=LENGTH))

    assert telemetry.metric(SIZE, http_route="/raw") == 0


@pytest.mark.parametrize(
    ("path", "received", "error"),
    [
        ("/bug", GONE_AFTER_THE_REQUEST, "LookupError"),
        ("/database", GONE_AFTER_THE_REQUEST, "ConnectionRefusedError"),
        ("/database", EMPTY, "ConnectionRefusedError"),
        ("/canceled", EMPTY, "asyncio.exceptions.CancelledError"),
    ],
)
def test_a_failure_of_the_service_stays_one(
    telemetry: Recording, path: str, received: Iterable[Message], error: str
) -> None:
    asyncio.run(call(telemetry, path, received))

    (span,) = telemetry.spans
    assert (span.status, span.attributes["error.type"]) == ("ERROR", error)


class GoneError(OSError):
    """Exception of a server for a closed connection. Source: ASGI, "Disconnected client"."""


@pytest.mark.parametrize("refused", ["http.response.start", "http.response.body"])
def test_a_server_that_refuses_a_message_reports_a_disconnect(
    telemetry: Recording, refused: str
) -> None:
    async def receive() -> Message:
        return EMPTY[0]

    async def send(message: Message) -> None:
        if message["type"] == refused:
            raise GoneError

    middleware = TelemetryMiddleware(PlainTextResponse("hello"), telemetry.telemetry)
    with pytest.raises(GoneError):
        asyncio.run(middleware(scope("/"), receive, send))

    (span,) = telemetry.spans
    assert (span.status, span.attributes["error.type"]) == ("UNSET", "client_disconnected")


def test_a_disconnect_after_the_response_is_none(telemetry: Recording) -> None:
    async def listen(_scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("hello")(_scope, receive, send)
        await receive()

    asyncio.run(answer(TelemetryMiddleware(listen, telemetry.telemetry), scope("/"), [LEFT]))

    assert telemetry.metric(COUNT, error_type="") == 1
