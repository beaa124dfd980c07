"""The demo services and the stand-ins refuse the same foreign requests."""

import asyncio
from types import ModuleType
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from demo_services import hosts as demo_hosts
from sightline import hosts as sightline_hosts
from tests.asgi import answer, scope

ENVIRON = {"HOST": "Machine", "SIGHTLINE_ALLOWED_HOSTS": "viewer.example.com, *.Internal,"}
HOME = ("Host", "localhost:3000")

both_rooms = pytest.mark.parametrize(
    "hosts", [demo_hosts, sightline_hosts], ids=["demo_services", "sightline"]
)


def status(hosts: ModuleType, *headers: tuple[str, str], **more: Any) -> int:  # noqa: ANN401  as in the scope
    """The status code of a request with *headers* to an app behind the check."""
    app = hosts.HostCheck(PlainTextResponse("served"), hosts.allowed_hosts(ENVIRON))
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    request = scope("/", **{"http_version": "1.1", "headers": raw, **more})
    sent, _ = asyncio.run(answer(app, request))
    code: int = sent[0]["status"]
    return code


@both_rooms
@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LocalHost:3000", "localhost.", "localhost.:80", "shop.localhost:8000"),
        *("127.0.0.1", "127.8.9.10:3000", "0.0.0.0:3000", "192.168.1.7:8000", "[::1]:3000"),
        *("[fe80::1%25eth0]:80", "[::ffff:10.0.0.1]", "machine:80", "viewer.example.com"),
        *("a.internal", "a.b.INTERNAL.:1"),
    ],
)
def test_a_name_of_this_server_and_any_address_are_served(hosts: ModuleType, host: str) -> None:
    assert status(hosts, ("Host", host)) == 200


@both_rooms
@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("notlocalhost", "internal", "viewer.example.com.evil.example", "a.viewer.example.com"),
        *("localhost@evil.example", "localhost:3000@evil.example", "evil.example#localhost"),
        *(
            "localhost/evil.example",
            "localhost evil.example",
            "[::1].evil.example",
            "[evil.example]",
        ),
        *("", ":3000", ".", "localhost:http", "127.1", "::1", "*", "localhost,evil.example"),
    ],
)
def test_a_foreign_name_is_misdirected(hosts: ModuleType, host: str) -> None:
    assert status(hosts, ("Host", host)) == 421


@both_rooms
@pytest.mark.parametrize(
    ("headers", "http_version", "code"),
    [((), "1.1", 400), ((), "1.0", 200), ((HOME, HOME), "1.1", 400), ((HOME, HOME), "1.0", 400)],
)
def test_a_request_names_one_host(  # RFC 9112, section 3.2
    hosts: ModuleType,
    headers: tuple[tuple[str, str], ...],
    http_version: str,
    code: int,
) -> None:
    assert status(hosts, *headers, http_version=http_version) == code


@both_rooms
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Origin", "http://evil.example", 403),
        ("Origin", "http://localhost:8000", 403),
        ("Origin", "http://127.0.0.1:3000", 403),
        ("Origin", "null", 403),
        ("Origin", "", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-site", 403),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Sec-Fetch-Site", "none", 200),
        ("Origin", "http://LOCALHOST:3000", 200),
        ("User-Agent", "no browser", 200),
    ],
)
def test_only_a_page_of_this_server_may_change_something(
    hosts: ModuleType,
    method: str,
    name: str,
    value: str,
    code: int,
) -> None:
    assert status(hosts, HOME, (name, value), method=method) == code


@both_rooms
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_link_of_another_page_may_be_followed(hosts: ModuleType, method: str) -> None:
    headers = ("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")

    assert status(hosts, HOME, *headers, method=method) == 200


@both_rooms
def test_a_star_serves_every_name(hosts: ModuleType) -> None:
    names = hosts.allowed_hosts({"SIGHTLINE_ALLOWED_HOSTS": "*"})
    app = hosts.HostCheck(PlainTextResponse("served"), names)
    request = scope("/", http_version="1.1", headers=[(b"host", b"evil.example")])

    sent, _ = asyncio.run(answer(app, request))

    assert sent[0]["status"] == 200


@both_rooms
def test_a_request_without_a_host_but_with_an_origin_is_a_foreign_page(hosts: ModuleType) -> None:
    headers = ("Origin", "null")

    assert status(hosts, headers, method="POST", http_version="1.0") == 403


@both_rooms
@pytest.mark.parametrize(
    "headers", [(("Host", "evil.example"),), (HOME, ("Origin", "http://evil.example"))]
)
def test_a_foreign_page_opens_no_websocket(
    hosts: ModuleType, headers: tuple[tuple[str, str], ...]
) -> None:
    # A script may open a WebSocket to any origin and read it: RFC 6455, section 10.2.
    assert status(hosts, *headers, type="websocket", method=None) in {403, 421}
