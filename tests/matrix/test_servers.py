"""One service under every supported server: its samples and spans are the same.

Daphne and trio are installed from a lock of their own, see `install`.
"""

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from sightline.artifacts import ROOT
from tests.fakes import Collector
from tests.integration.instrumentation.conftest import PORT, Service, attributes, serving
from tests.matrix.test_fastapi import install
from tests.waiting import until

FOLDER: Final = Path(__file__).parent / "servers"
FILE_BYTES: Final = (FOLDER / "served.py").stat().st_size

BIND: Final = ("--bind", f"127.0.0.1:{PORT}")
SERVERS: Final = {
    "uvicorn, httptools, uvloop": ("uvicorn", "served:app", "--port", PORT),
    "uvicorn, h11, asyncio": (
        *("uvicorn", "served:app", "--port", PORT),
        *("--http", "h11", "--loop", "asyncio"),
    ),
    "hypercorn, asyncio": ("hypercorn", "served:app", "-k", "asyncio", *BIND),
    "hypercorn, trio": ("hypercorn", "served:app", "-k", "trio", *BIND),
    "granian": ("granian", "served:app", "--interface", "asgi", "--port", PORT),
    "daphne": ("daphne", "served:app", "-b", "127.0.0.1", "-p", PORT),
}
"""Commands by server."""

LEFT: Final = "client_disconnected"
FAILED: Final = "LookupError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Request of a client, and its record."""

    act: Callable[[httpx.URL], None]
    status_code: str = "200"
    error_type: str = ""
    """Label of the metrics."""
    bytes: int | None = 5
    """Size of the response's body; None if it depends on the moment at which the client left."""
    span_error: str = ""
    """Attribute of the span, if it differs from the label."""
    failed: bool = False
    """True if the span has the status ERROR."""


def get(path: str) -> Callable[[httpx.URL], None]:
    def act(base: httpx.URL) -> None:
        httpx.get(base.join(path))

    return act


def leave(request: bytes, *, read: int = 0) -> Callable[[httpx.URL], None]:
    """Return an action: send *request*, read some bytes, and close the connection."""

    def act(base: httpx.URL) -> None:
        with socket.create_connection((base.host, base.port or 0)) as client:
            client.sendall(request)
            client.recv(read)

    return act


def head(method: str, path: str, *more: str) -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: served", *more, "", ""]).encode()


def talk(base: httpx.URL, *, lost: bool = False) -> None:
    """Exchange a message, and close the WebSocket or lose its connection."""
    with connect(f"ws://{base.host}:{base.port}/socket") as client:
        client.send("hello")
        assert client.recv() == "hello"
        if lost:
            client.socket.shutdown(socket.SHUT_RDWR)


BUFFERING: Final = "daphne"
"""Server that calls the app once it has the whole body."""

UPLOAD: Final = head("POST", "/upload", "Content-Length: 1000") + b"four"

CASES: Final = {
    "plain": Case(act=get("/plain")),
    "sync": Case(act=get("/sync")),
    "stream": Case(act=get("/stream"), bytes=3000),
    "file": Case(act=get("/file"), bytes=FILE_BYTES),
    "endless": Case(act=leave(head("GET", "/endless"), read=2000), error_type=LEFT, bytes=None),
    "wait": Case(act=leave(head("GET", "/wait")), status_code="", error_type=LEFT, bytes=0),
    "fail": Case(
        act=get("/fail"),
        status_code="500",
        error_type="500",
        bytes=21,
        span_error=FAILED,
        failed=True,
    ),
    "break": Case(
        act=leave(head("GET", "/break"), read=5000), error_type=FAILED, bytes=1000, failed=True
    ),
    "background": Case(act=get("/background"), span_error=FAILED, failed=True),
}
"""Cases by route, without the slash."""


@pytest.fixture(scope="module", params=SERVERS)
def running_service(request: pytest.FixtureRequest) -> Iterator[Service]:
    paths = [install("servers", "daphne"), ROOT, FOLDER]
    environ = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "OTEL_SERVICE_NAME": ""}
    with (
        Collector() as collector,
        serving(SERVERS[request.param], collector, **environ) as service,
    ):
        yield service


@pytest.fixture
def service(running_service: Service) -> Service:
    return replace(running_service, before=len(running_service.collector.spans))


def sample(service: Service, name: str, route: str, **labels: str) -> float:
    """Return the value of a sample; 0 if there is none."""
    text = service.client.get("/metrics").text
    wanted = {"http_route": route, **labels} if route else labels
    return sum(
        found.value
        for family in text_string_to_metric_families(text)
        for found in family.samples
        if found.name == name and wanted.items() <= found.labels.items()
    )


@pytest.mark.parametrize("name", CASES)
def test_a_request_has_the_same_samples_and_span_under_every_server(
    service: Service, name: str
) -> None:
    case, route = CASES[name], f"/{name}"
    labels = {"http_response_status_code": case.status_code}

    case.act(service.client.base_url)

    (span,) = service.server_spans(1)
    counted = {**labels, "error_type": case.error_type}
    assert sample(service, "http_server_request_duration_seconds_count", route, **counted) == 1
    size = sample(service, "http_server_response_body_size_bytes_sum", route, **labels)
    assert case.bytes is None or size == case.bytes
    assert sample(service, "http_server_active_requests", "", http_request_method="GET") == 0
    found = attributes(span)
    assert (span.name, found.get("error.type", "")) == (
        f"GET {route}",
        case.span_error or case.error_type,
    )
    assert (span.status.code == span.status.STATUS_CODE_ERROR) is case.failed


def test_an_upload_that_the_client_breaks_off_is_no_server_error(service: Service) -> None:
    name = "http_server_request_duration_seconds_count"

    leave(UPLOAD)(service.client.base_url)
    until(lambda: finished(service), within_seconds=10)

    left = sample(service, name, "/upload", http_response_status_code="", error_type=LEFT)
    assert left == (not runs(service, BUFFERING))
    assert sample(service, name, "/upload", http_response_status_code="500") == 0


def finished(service: Service) -> bool:
    """Return true when the span of the upload was exported, or the service will not see it."""
    return runs(service, BUFFERING) or "POST /upload" in {
        span.name for span in service.server_spans(0)
    }


def runs(service: Service, server: str) -> bool:
    """Return true if *server* runs the service."""
    return server in str(service.process.args)


def test_a_websocket_that_the_client_closes_is_one_span(service: Service) -> None:
    talk(service.client.base_url)

    (span,) = service.server_spans(1)
    found = attributes(span)
    assert (span.name, found["http.response.status_code"]) == ("WS /socket", 101)
    assert span.status.code == Span().status.code
    # hypercorn reports the code 1006, of a lost connection, for every close of the client
    assert found.get("error.type", "") == (LEFT if runs(service, "hypercorn") else "")


def test_a_websocket_whose_connection_is_lost_has_no_failed_span(service: Service) -> None:
    talk(service.client.base_url, lost=True)

    (span,) = service.server_spans(1)
    assert span.status.code == Span().status.code
    # uvicorn reports the code 1005, of a close without a code
    assert attributes(span).get("error.type", "") in {"", LEFT}


def test_the_event_loop_is_measured_and_nothing_failed_inside(service: Service) -> None:
    def delays() -> float:
        return sample(service, "asyncio_event_loop_delay_seconds_count", "")

    until(lambda: delays() > 0, within_seconds=10)

    assert sample(service, "sightline_internal_errors_total", "") == 0
