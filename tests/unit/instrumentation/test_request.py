"""Requests and WebSockets that end abnormally."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.websockets import WebSocketDisconnect

from instrumentation import TelemetryMiddleware
from instrumentation._support.asgi_types import Message, Receive, Scope, Send
from instrumentation.testing import Recording
from tests.asgi import answer, get, scope

DURATION = "http_server_request_duration_seconds_count"


async def broken_stream() -> AsyncIterator[bytes]:
    yield b"first"
    raise LookupError("connection lost")


@pytest.fixture
def app(telemetry: Recording) -> TelemetryMiddleware:
    shop = FastAPI()

    @shop.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(broken_stream())

    @shop.head("/head")
    async def head() -> PlainTextResponse:
        return PlainTextResponse("thrown away")

    @shop.post("/upload")
    async def upload(request: Request) -> int:
        return len(await request.body())

    return TelemetryMiddleware(shop, telemetry.telemetry)


def test_a_response_that_breaks_after_its_status_code_is_a_failure(
    telemetry: Recording, app: TelemetryMiddleware
) -> None:
    asyncio.run(answer(app, scope("/stream")))

    (span,) = telemetry.spans
    broken = {"http_response_status_code": "200", "error_type": "LookupError"}
    assert (span.status, span.attributes["error.type"]) == ("ERROR", "LookupError")
    assert telemetry.metric(DURATION, http_route="/stream", **broken) == 1


def test_the_response_to_head_has_no_body(telemetry: Recording, app: TelemetryMiddleware) -> None:
    get(app, "/head", method="HEAD")

    size = "http_server_response_body_size_bytes_sum"
    assert telemetry.metric(size, http_request_method="HEAD") == 0


def test_a_chunked_upload_has_its_size(telemetry: Recording, app: TelemetryMiddleware) -> None:
    chunks = [
        {"type": "http.request", "body": b"four", "more_body": True},
        {"type": "http.request", "body": b"more", "more_body": False},
    ]

    asyncio.run(answer(app, scope("/upload", method="POST"), chunks))

    size = "http_server_request_body_size_bytes_sum"
    assert telemetry.metric(size, http_route="/upload") == 8


START: Message = {"type": "http.response.start", "status": 200, "headers": []}
HEARTBEAT: Message = {"type": "http.response.body", "more_body": True}
"""Messages without a body. Source: ASGI, "Response Body": a missing body is empty."""
LAST: Message = {"type": "http.response.body", "body": b"over"}


async def heartbeat(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)
    await send(HEARTBEAT)
    await send(LAST)


class Refusing:
    """Server whose ``send()`` raises before it returns an awaitable, after a disconnect."""

    def __init__(self) -> None:
        self.asked: list[Message] = []

    def send(self, message: Message) -> Awaitable[None]:
        self.asked.append(message)
        if message is HEARTBEAT:
            raise ConnectionError("gone")
        return asyncio.sleep(0)

    async def receive(self) -> Message:
        return {"type": "http.disconnect"}


def test_a_message_of_a_stream_may_have_no_body(telemetry: Recording) -> None:
    middleware = TelemetryMiddleware(heartbeat, telemetry.telemetry)

    sent, raised = asyncio.run(answer(middleware, scope("/")))

    assert (sent, raised) == ([START, HEARTBEAT, LAST], "")
    assert telemetry.metric("http_server_response_body_size_bytes_sum") == 4


def test_a_server_whose_send_raises_is_called_once(telemetry: Recording) -> None:
    middleware, server = TelemetryMiddleware(heartbeat, telemetry.telemetry), Refusing()

    with pytest.raises(ConnectionError):
        asyncio.run(middleware(scope("/"), server.receive, server.send))

    assert server.asked == [START, HEARTBEAT]


@pytest.mark.parametrize("length", [b"9" * 19, b"9" * 5000, b"-1", b"1_0", "²".encode("latin-1")])
def test_an_invalid_content_length_is_ignored(
    telemetry: Recording, app: TelemetryMiddleware, length: bytes
) -> None:
    get(app, "/nowhere", headers=[(b"content-length", length)])

    assert telemetry.metric(DURATION, http_response_status_code="404") == 1
    assert telemetry.metric("http_server_active_requests", http_request_method="GET") == 0


HANDSHAKE: dict[str, Any] = {
    "type": "websocket",
    "extensions": {"websocket.http.response": {}},
    "subprotocols": [],
}


def rooms() -> FastAPI:
    app = FastAPI()

    @app.websocket("/unhandled")
    async def unhandled(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()

    @app.websocket("/cleanup")
    async def cleanup(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await socket.receive_text()
        except WebSocketDisconnect:
            raise LookupError("no user to remove") from None

    @app.websocket("/early")
    async def early(_socket: WebSocket) -> None:
        raise LookupError("no such room")

    @app.websocket("/full")
    async def full(socket: WebSocket) -> None:
        await socket.send_denial_response(PlainTextResponse("full", status_code=503))

    return app


@pytest.mark.parametrize(
    ("path", "code", "status", "error", "status_code"),
    [
        ("/unhandled", 1000, "UNSET", None, 101),
        ("/unhandled", 1006, "UNSET", "client_disconnected", 101),
        ("/cleanup", 1000, "ERROR", "LookupError", 101),
        ("/early", 1000, "ERROR", "LookupError", 500),
        ("/full", 1000, "ERROR", "503", 503),
    ],
)
def test_a_websocket_fails_with_its_handler_and_not_with_its_client(  # noqa: PLR0913, PLR0917  a row of the table
    telemetry: Recording, path: str, code: int, status: str, error: str | None, status_code: int
) -> None:
    app = TelemetryMiddleware(rooms(), telemetry.telemetry)
    visit: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": code},
    ]

    asyncio.run(answer(app, scope(path, **HANDSHAKE), visit))

    (span,) = telemetry.spans
    found: dict[str, Any] = dict(span.attributes)
    assert (span.status, found.get("error.type")) == (status, error)
    assert found["http.response.status_code"] == status_code


async def cleanup_after_response() -> None:
    raise LookupError("no room to clean")


def test_the_exception_of_a_background_task_is_on_the_span_that_started_it(
    telemetry: Recording,
) -> None:
    hotel = Starlette()
    task = BackgroundTask(cleanup_after_response)
    hotel.add_route("/leave", lambda _request: PlainTextResponse("bye", background=task))
    app = TelemetryMiddleware(hotel, telemetry.telemetry)

    _, raised = asyncio.run(answer(app, scope("/leave")))

    (span,) = telemetry.spans
    assert "LookupError" in raised
    assert (span.status, span.events) == ("ERROR", ("exception",))
    assert span.attributes["error.type"] == "LookupError"
    assert span.attributes["http.response.status_code"] == 200
    assert telemetry.metric(DURATION, http_route="/leave", error_type="") == 1


@pytest.mark.parametrize(
    ("message", "size"),
    [
        ({"type": "http.response.pathsend"}, 10),
        ({"type": "http.response.zerocopysend"}, 10),
        ({"type": "http.response.zerocopysend", "offset": 4}, 6),
        ({"type": "http.response.zerocopysend", "offset": 4, "count": 2}, 2),
    ],
)
def test_a_file_that_the_server_sends_has_its_size(
    telemetry: Recording, tmp_path: Path, message: Message, size: int
) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")

    async def send_file(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        with (tmp_path / "file").open("rb") as file:
            named = (
                {"path": str(tmp_path / "file")}
                if "pathsend" in message["type"]
                else {"file": file}
            )
            await send({**message, **named})

    asyncio.run(answer(TelemetryMiddleware(send_file, telemetry.telemetry), scope("/")))

    assert telemetry.metric("http_server_response_body_size_bytes_sum") == size
    assert telemetry.metric("http_server_active_requests", http_request_method="GET") == 0
