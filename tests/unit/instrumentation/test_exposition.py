"""Response to a scrape: format, coding and methods by RFC 9110."""

import asyncio
import gzip
from collections.abc import Iterator
from typing import Final

import pytest

from instrumentation import Settings, Telemetry, metrics_app
from instrumentation._scrape.negotiation import accepts_gzip, prefers_open_metrics
from instrumentation._support.asgi_types import ASGIApp
from tests.asgi import Messages, answer, scope

OPEN: Final = "application/openmetrics-text"

PROMETHEUS_2: Final = (
    f"{OPEN};version=1.0.0,{OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3: Final = (
    f"{OPEN};version=1.0.0;escaping=allow-utf-8;q=0.6,{OPEN};version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    "accept",
    [
        PROMETHEUS_2,
        PROMETHEUS_3,
        OPEN,
        "APPLICATION/OpenMetrics-Text; VERSION=1.0.0; Charset=UTF-8",
        f'{OPEN};version="1.0.0"',
        f"text/plain,{OPEN}",
        f"text/plain;q=0.5,{OPEN};q=0.6",
        "application/*",
        f"*/*;q=0.1,{OPEN};q=0.1",
    ],
)
def test_a_client_that_prefers_open_metrics_gets_it(accept: str) -> None:
    assert prefers_open_metrics(accept.encode())


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/html,*/*;q=0.8",
        "text/plain",
        f"text/plain;q=1,{OPEN};q=0",
        f"text/plain,{OPEN};q=0.999",
        f"{OPEN};version=0.0.1",
        f"{OPEN};version=2.0.0",
        f"{OPEN};charset=latin-1",
        f"{OPEN}2",
        f"x{OPEN}",
        f'text/plain;note=",{OPEN},"',
        f"{OPEN};q=2",
        f"*/*,{OPEN};q=0",
        f"{OPEN};q=0,application/*",
        '"' * 10_000,
    ],
)
def test_any_other_client_gets_text(accept: str) -> None:
    assert not prefers_open_metrics(accept.encode())


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("deflate, x-gzip", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.5, identity;q=0.9", False),
    ],
)
def test_gzip_is_used_if_the_client_prefers_it(accept_encoding: str, accepted: bool) -> None:  # noqa: FBT001  a column of the table
    assert accepts_gzip(accept_encoding.encode()) is accepted


@pytest.fixture(scope="module")
def page() -> Iterator[ASGIApp]:
    with Telemetry(Settings.from_env({"OTEL_TRACES_EXPORTER": "none"}), service="s") as telemetry:
        yield metrics_app(telemetry)


def request(page: ASGIApp, method: str = "GET", **headers: str) -> tuple[dict[bytes, bytes], bytes]:
    """Return the headers and the body of a response."""
    sent: Messages
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    sent, _ = asyncio.run(answer(page, scope("/", method=method, headers=pairs)))
    return dict(sent[0]["headers"]), sent[1]["body"]


def test_a_compressed_page_is_the_same_page(page: ASGIApp) -> None:
    headers, body = request(page, accept_encoding="gzip", accept=PROMETHEUS_3)

    assert gzip.decompress(body).endswith(b"# EOF\n")
    assert headers[b"content-encoding"] == b"gzip"
    assert int(headers[b"content-length"]) == len(body)


def test_a_cache_is_told_what_the_page_depends_on(page: ASGIApp) -> None:
    headers, _ = request(page)

    assert headers[b"vary"] == b"accept, accept-encoding"
    assert b"content-encoding" not in headers


def test_the_response_to_head_has_the_length_of_the_page(page: ASGIApp) -> None:
    headers, body = request(page, "HEAD")

    assert int(headers[b"content-length"]) > 1000
    assert body == b""


def test_another_method_is_told_the_allowed_ones(page: ASGIApp) -> None:
    headers, _ = request(page, "DELETE")

    assert headers[b"allow"] == b"GET, HEAD"


def test_the_sizes_of_bodies_can_be_left_out() -> None:
    variables = {"OTEL_TRACES_EXPORTER": "none", "SIGHTLINE_BODY_SIZE_METRICS": "false"}
    with Telemetry(Settings.from_env(variables), service="s") as telemetry:
        _, body = request(metrics_app(telemetry))

    assert b"http_server_request_duration_seconds" in body
    assert b"body_size" not in body
