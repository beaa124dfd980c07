"""Each request has the context of its own caller, on every server and after any other request.

uvicorn resumes reading in the task of a request, so that asyncio runs what follows on the
connection in the context of that request.
"""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

import httpx
import pytest
from websockets.sync.client import connect

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import PORT, Service, server_spans, serving
from tests.waiting import until

UVICORN = ("uvicorn", "--factory", "apps:tenants", "--no-access-log", "--port", PORT)
SERVERS = {
    "uvicorn asyncio h11": (*UVICORN, "--loop", "asyncio", "--http", "h11"),
    "uvicorn asyncio httptools": (*UVICORN, "--loop", "asyncio", "--http", "httptools"),
    "uvicorn uvloop h11": (*UVICORN, "--loop", "uvloop", "--http", "h11"),
    "uvicorn uvloop httptools": (*UVICORN, "--loop", "uvloop", "--http", "httptools"),
    "hypercorn": ("hypercorn", "apps:tenants()", "--bind", f"127.0.0.1:{PORT}"),
    "granian": ("granian", "--interface", "asgi", "--factory", "apps:tenants", "--port", PORT),
}
LARGE = b"x" * 300_000
"""More than the 64 KiB after which uvicorn stops reading until the service asks for more."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Caller with its own trace and baggage."""

    number: int

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of its requests."""
        parent = f"00-{self.number:032x}-{self.number:016x}-01"
        return {"traceparent": parent, "baggage": f"tenant=t{self.number}"}

    @property
    def context(self) -> tuple[str, str, str]:
        """Return the trace in the log, the trace and the baggage of outgoing calls."""
        return (f"{self.number:032x}", f"{self.number:032x}", f"tenant=t{self.number}")


TENANTS = [Tenant(number) for number in range(1, 6)]
NO_CONTEXT = ("", "", "")


def context(answer: str | bytes) -> tuple[str, str, str]:
    """Parse the response of the service into the shape of `Tenant.context`."""
    found = json.loads(answer)
    return found["logged"], found.get("traceparent", "")[3:35], found.get("baggage", "")


@pytest.fixture(scope="module", params=SERVERS)
def tenants(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Service on each server."""
    with Collector() as collector, serving(SERVERS[request.param], collector) as service:
        yield service


@contextmanager
def used_connection(service: Service) -> Iterator[HTTPConnection]:
    """Connect, and let the first tenant upload a large body on the connection."""
    address = service.client.base_url
    connection = HTTPConnection(address.host, address.port or 0, timeout=10)
    connection.request("POST", "/context", LARGE, TENANTS[0].headers)
    connection.getresponse().read()
    yield connection
    connection.close()


def traces_between(service: Service, first: int, last: int) -> list[int]:
    """Return the traces with these numbers, one for each SERVER span, once there are enough.

    Raises:
        LookupError: Spans are missing.
    """
    numbers = sorted(
        int.from_bytes(span.trace_id, "big") for span in server_spans(service.collector)
    )
    found = [number for number in numbers if first <= number <= last]
    if len(found) <= last - first:
        raise LookupError(found)
    return found


def get(connection: HTTPConnection, tenant: Tenant, path: str = "/context") -> bytes:
    """Return the complete response to a GET."""
    connection.request("GET", path, headers=tenant.headers)
    return connection.getresponse().read()


def test_requests_after_an_upload_have_their_own_context(tenants: Service) -> None:
    with used_connection(tenants) as connection:
        answers = [get(connection, tenant) for tenant in TENANTS]

    assert [context(answer) for answer in answers] == [tenant.context for tenant in TENANTS]


def test_a_request_without_headers_after_an_upload_starts_a_trace(
    tenants: Service,
) -> None:
    with used_connection(tenants) as connection:
        connection.request("GET", "/context")
        logged, sent, baggage = context(connection.getresponse().read())

    assert logged == sent != TENANTS[0].context[0]
    assert baggage == ""


def test_an_excluded_path_has_no_context_after_an_upload(tenants: Service) -> None:
    with used_connection(tenants) as connection:
        answer = get(connection, TENANTS[1], "/healthz")

    assert context(answer) == NO_CONTEXT


def test_a_consumer_started_by_a_request_starts_a_trace(tenants: Service) -> None:
    answer = tenants.client.post("/message", headers=TENANTS[0].headers).text

    logged, sent, baggage = context(answer)
    assert logged == sent != TENANTS[0].context[0]
    assert baggage == ""


def test_sockets_have_their_own_context_after_an_upload_and_when_they_reconnect(
    tenants: Service,
) -> None:
    address = tenants.client.base_url
    url = f"ws://{address.host}:{address.port}/socket"
    with used_connection(tenants) as connection:
        first = connect(url, sock=connection.sock, additional_headers=TENANTS[1].headers)
        again = connect(url, additional_headers=TENANTS[2].headers)
        with first, again:
            answers = [first.recv(timeout=10), again.recv(timeout=10)]

    assert [context(answer) for answer in answers] == [tenant.context for tenant in TENANTS[1:3]]


def test_pipelined_requests_are_one_server_span_each(tenants: Service) -> None:
    callers = [Tenant(101), Tenant(102), Tenant(103)]
    address = tenants.client.base_url
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(b"".join(map(raw, callers[:2])) + raw(callers[2], b"close"))
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    answers = re.findall(rb"\{.*?\}", received)
    assert [context(answer) for answer in answers] == [caller.context for caller in callers]
    traces = until(lambda: traces_between(tenants, 101, 103), within_seconds=10)
    assert traces == [101, 102, 103]


def raw(tenant: Tenant, connection: bytes = b"keep-alive") -> bytes:
    """Return the bytes of a GET."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in tenant.headers.items()).encode()
    start = b"GET /context HTTP/1.1\r\nhost: shop\r\n"
    return start + lines + b"connection: " + connection + b"\r\n\r\n"


@pytest.mark.parametrize("tenants", ["hypercorn", "granian"], indirect=True)
def test_streams_of_one_http2_connection_have_their_own_context(tenants: Service) -> None:
    with httpx.Client(base_url=tenants.client.base_url, http1=False, http2=True) as client:
        answers = [
            client.post("/task", content=LARGE, headers=tenant.headers).text for tenant in TENANTS
        ]

    assert [context(answer) for answer in answers] == [tenant.context for tenant in TENANTS]


def test_a_disabled_sdk_forwards_no_context_of_an_earlier_request(collector: Collector) -> None:
    command, environ = SERVERS["uvicorn asyncio h11"], {"OTEL_SDK_DISABLED": "true"}
    with serving(command, collector, **environ) as service, used_connection(service) as connection:
        own = get(connection, TENANTS[1])
        connection.request("GET", "/context")
        without = connection.getresponse().read()

    assert [context(own), context(without)] == [TENANTS[1].context, NO_CONTEXT]
