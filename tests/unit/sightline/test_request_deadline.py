"""A real server on loopback with a short limit, and clients that stop in the middle."""

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sightline.request_deadline import http_protocol
from tests.waiting import until

SECONDS = 0.5
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"


async def read(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def large(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * 30_000_000)


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    routes = [Route("/", read, methods=["GET", "POST"]), Route("/large", large)]
    app = Starlette(routes=routes)
    protocol = http_protocol(SECONDS)
    config = uvicorn.Config(app, http=protocol, log_config=None, timeout_keep_alive=60)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        until(lambda: server.started, within_seconds=30)
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("half", [b"", b"GET", GET, POST, POST + b"four"], ids=len)
def test_an_incomplete_request_is_closed(address: tuple[str, int], half: bytes) -> None:
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(half)

        assert client.recv(1000) == b""


def test_an_incomplete_second_request_is_closed(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(GET + b"\r\n")
        answered = client.recv(1000)
        client.sendall(GET)

        assert answered.startswith(b"HTTP/1.1 200")
        assert client.recv(1000) == b""


def test_an_idle_connection_stays_open(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=3 * SECONDS) as client:
        client.sendall(GET + b"\r\n")
        client.recv(1000)
        with pytest.raises(TimeoutError):
            client.recv(1000)
        client.sendall(GET + b"\r\n")

        assert client.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_slow_body_without_pauses_is_read_completely(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=SECONDS / 5) as client:
        client.sendall(POST)
        dribble(client, b"12345678")
        client.settimeout(30)
        client.sendall(b"9")

        assert client.recv(1000).endswith(b"9")


def test_a_response_that_the_client_does_not_read_is_aborted(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(GET.replace(b"/", b"/large", 1) + b"\r\n")
        client.recv(1000, socket.MSG_PEEK)
        until(lambda: is_closed(client), within_seconds=30)


def is_closed(client: socket.socket) -> bool:
    try:
        client.send(b"x")
    except ConnectionError:
        return True
    return False


def dribble(client: socket.socket, body: bytes) -> None:
    """Send *body* byte by byte, with a pause after each."""
    for byte in body:
        client.sendall(bytes([byte]))
        with pytest.raises(TimeoutError):
            client.recv(1)
