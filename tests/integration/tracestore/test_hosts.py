"""Requests as they stand on the wire, to the trace store."""

import socket
from pathlib import Path

import pytest

from tests.integration.tracestore.trace_store import JSON, TraceStore, running


def status_line(port: int, request: bytes) -> bytes:
    """Return the first line of the response to *request*."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /api/services HTTP/1.1\r\nhOsT: LOCALHOST.\r\n\r\n", b"200"),
        (b"GET /api/services HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /api/services HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /api/services HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET /api/services HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET /api/services HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n", b"421"),
        (b"GET http://localhost/api/services HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
    ],
)
def test_the_host_header_is_checked(
    receiver: TraceStore, request_head: bytes, status: bytes
) -> None:
    line = status_line(receiver.ports.jaeger_query, request_head)

    assert line.split()[1] == status


@pytest.mark.parametrize("path", ["/", "/search", "/trace/abc", "/dependencies", "/monitor"])
def test_no_redirect_has_a_foreign_host(receiver: TraceStore, path: str) -> None:
    answer = receiver.ask(path, headers={"Host": "evil.example"})

    assert (answer.status, answer.headers.get("location")) == (421, None)


@pytest.mark.parametrize("host", ["localhost", "[::1]", "192.168.1.7"])
def test_a_redirect_keeps_the_host_of_the_request(receiver: TraceStore, host: str) -> None:
    answer = receiver.ask("/trace/abc", headers={"Host": f"{host}:16686"})

    assert answer.headers["location"] == f"http://{host}:{receiver.ports.grafana}/trace/abc"


def test_a_foreign_page_stores_no_span(store: TraceStore) -> None:
    span = b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "planted"}]}]}]}'

    answer = store.send(span, JSON, Origin="http://evil.example")

    assert answer.status == 403
    assert store.ask("/api/services").json["data"] == []


def test_a_listed_host_name_is_accepted(tmp_path: Path) -> None:
    with running(tmp_path, SIGHTLINE_ALLOWED_HOSTS="traces.example.com") as store:
        answer = store.ask("/api/services", headers={"Host": "traces.example.com"})

    assert answer.status == 200
