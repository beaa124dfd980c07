"""Calls to a real server on loopback, with each client."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import aiohttp
import pytest
from opentelemetry import baggage, context

from instrumentation import instrument_requests, resend_count, url_template
from instrumentation._clients.call import Clients
from instrumentation._setup.telemetry import pipeline_of
from instrumentation.testing import Recording
from tests.http_clients import (
    EVERY_GET,
    Get,
    by_async_httpx,
    by_httpx,
    by_requests,
    instrument_clients,
)
from tests.ports import free_ports


class Echo(BaseHTTPRequestHandler):
    """Server that answers with the received headers; ``/moved`` redirects, ``/missing`` is a 404.

    ``/away`` redirects to another name of this host.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        away = f"http://localhost:{self.server.server_port}/echo"  # type: ignore[attr-defined]  # an HTTPServer
        self.send_response({"/moved": 302, "/away": 302, "/missing": 404}.get(self.path, 200))
        self.send_header("location", away if self.path == "/away" else "/echo")
        body = json.dumps({k.lower(): v for k, v in self.headers.items()}).encode()
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.fixture(autouse=True)
def patched_clients(telemetry: Recording) -> Iterator[ExitStack]:
    with instrument_clients(pipeline_of(telemetry.telemetry).clients) as undo:
        yield undo


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_call_is_a_client_span_whose_context_is_sent(
    telemetry: Recording, server: str, get: Get
) -> None:
    headers = get(f"{server}/echo")

    (span,) = telemetry.spans
    assert (span.name, span.kind) == ("GET", "CLIENT")
    assert headers["traceparent"] == f"00-{span.trace_id}-{span.span_id}-01"
    assert span.attributes["http.response.status_code"] == 200


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_call_is_measured_with_its_server(telemetry: Recording, server: str, get: Get) -> None:
    get(f"{server}/missing")

    port = server.rpartition(":")[2]
    labels = {"server_address": "127.0.0.1", "server_port": port, "error_type": "404"}
    assert telemetry.metric("http_client_request_duration_seconds_count", **labels) == 1


@pytest.mark.parametrize("get", [by_requests, by_httpx, by_async_httpx])
def test_a_redirect_is_a_separate_call(telemetry: Recording, server: str, get: Get) -> None:
    get(f"{server}/moved")

    codes = [span.attributes["http.response.status_code"] for span in telemetry.spans]
    assert codes == [302, 200]


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_call_without_a_response_fails_with_its_exception(telemetry: Recording, get: Get) -> None:
    (port,) = free_ports(1)

    with pytest.raises(Exception, match=r"(?i)connect|refused"):
        get(f"http://127.0.0.1:{port}/")

    (span,) = telemetry.spans
    assert (span.status, span.events) == ("ERROR", ("exception",))
    assert "Connect" in span.attributes["error.type"]


def test_a_status_that_aiohttp_raises_for_is_recorded(telemetry: Recording, server: str) -> None:
    async def get() -> None:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            await session.get(f"{server}/missing")

    with pytest.raises(aiohttp.ClientResponseError, match="404"):
        asyncio.run(get())

    (span,) = telemetry.spans
    assert span.attributes["http.response.status_code"] == 404
    assert span.attributes["error.type"] == "404"


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_very_long_url_is_truncated(telemetry: Recording, server: str, get: Get) -> None:
    get(f"{server}/echo?page={'7' * 20_000}")

    (span,) = telemetry.spans
    assert len(span.attributes["url.full"]) == 2048


@pytest.mark.parametrize("get", EVERY_GET)
def test_secrets_in_the_url_are_redacted(telemetry: Recording, server: str, get: Get) -> None:
    get(f"{server.replace('//', '//user:pass@')}/echo?token=abc&page=2")

    (span,) = telemetry.spans
    assert span.attributes["url.full"] == f"{server}/echo?token=REDACTED&page=2"


@pytest.mark.parametrize("get", EVERY_GET)
def test_patching_twice_has_no_effect(telemetry: Recording, server: str, get: Get) -> None:
    instrument_clients()

    get(f"{server}/echo")

    assert len(telemetry.spans) == 1


def test_a_patch_can_be_undone(
    telemetry: Recording, server: str, patched_clients: ExitStack
) -> None:
    patched_clients.close()

    assert "traceparent" not in by_requests(f"{server}/echo")
    assert telemetry.spans == []


@pytest.fixture
def tenant() -> Iterator[None]:
    token = context.attach(baggage.set_baggage("tenant", "blue"))
    yield
    context.detach(token)


@pytest.fixture
def baggage_for_loopback_only(telemetry: Recording, patched_clients: ExitStack) -> None:
    found = pipeline_of(telemetry.telemetry)
    listed = Clients(found.tracing.provider, guard=found.guard, baggage_hosts=("127.0.0.1",))
    patched_clients.close()
    patched_clients.enter_context(instrument_clients(listed))


@pytest.mark.usefixtures("tenant", "baggage_for_loopback_only")
@pytest.mark.parametrize(("path", "sent"), [("/moved", "tenant=blue"), ("/away", None)])
@pytest.mark.parametrize("get", EVERY_GET)
def test_a_redirect_sends_no_baggage_to_another_host(
    server: str, get: Get, path: str, sent: str | None
) -> None:
    headers = get(f"{server}{path}")

    assert headers.get("baggage") == sent


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize(
    ("hosts", "sent"), [(("127.0.0.*",), "tenant=blue"), (("*.internal",), None)]
)
def test_baggage_is_sent_to_listed_hosts_only(
    telemetry: Recording,
    server: str,
    patched_clients: ExitStack,
    hosts: tuple[str, ...],
    sent: str | None,
) -> None:
    found = pipeline_of(telemetry.telemetry)
    listed = Clients(found.tracing.provider, guard=found.guard, baggage_hosts=hosts)
    patched_clients.close()
    undo = instrument_requests(listed)

    headers = by_requests(f"{server}/echo")
    undo()

    assert headers.get("baggage") == sent


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_call_has_the_version_of_its_protocol(
    telemetry: Recording, server: str, get: Get
) -> None:
    get(f"{server}/echo")

    (span,) = telemetry.spans
    assert span.attributes["network.protocol.version"] == "1.1"


@pytest.mark.parametrize("get", [by_httpx, by_async_httpx, by_requests])
def test_a_call_has_the_socket_of_its_server(telemetry: Recording, server: str, get: Get) -> None:
    """Hold the clients whose connection is open when a response is complete: not aiohttp's."""
    get(f"{server}/echo")

    (span,) = telemetry.spans
    address, port = (span.attributes[f"network.peer.{name}"] for name in ("address", "port"))
    assert f"http://{address}:{port}" == server


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_call_is_named_by_the_template_of_its_url(
    telemetry: Recording, server: str, get: Get
) -> None:
    with url_template("/{name}"):
        get(f"{server}/echo")
    get(f"{server}/echo")

    named, plain = telemetry.spans
    assert (named.name, named.attributes["url.template"]) == ("GET /{name}", "/{name}")
    assert (plain.name, "url.template" in plain.attributes) == ("GET", False)


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_repeated_call_is_marked_and_counted(telemetry: Recording, server: str, get: Get) -> None:
    for attempt in range(3):
        with resend_count(attempt):
            get(f"{server}/echo")

    marks = [span.attributes.get("http.request.resend_count") for span in telemetry.spans]
    host, port = server.removeprefix("http://").split(":")
    labels = {"http_request_method": "GET", "server_address": host, "server_port": port}
    assert marks == [None, 1, 2]
    assert telemetry.metric("http_client_request_resends_total", **labels) == 2
