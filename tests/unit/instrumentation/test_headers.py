"""Only listed headers become attributes, and credentials never do."""

import asyncio

from instrumentation import Settings, TelemetryMiddleware
from instrumentation._setup.recording import ENVIRON, recording
from instrumentation._support.asgi_types import Receive, Scope, Send
from tests.asgi import answer, scope

LISTED = {
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "X-Tenant,Authorization",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE": "X-Cache,Set-Cookie",
}
SENT = [(b"x-tenant", b"blue"), (b"authorization", b"Bearer hunter2"), (b"x-other", b"1")]
ANSWERED = [(b"X-Cache", b"hit"), (b"set-cookie", b"session=hunter2"), (b"x-other", b"1")]


REDIRECTED = [(b"location", b"https://a:hunter2@b/c?access_token=hunter2&page=2")]
CREDENTIALS = "X-Auth-Token,X-Amz-Security-Token,X-Vault-Token,Private-Token,ApiKey,X-Csrf-Token"


async def service(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": ANSWERED})
    await send({"type": "http.response.body", "body": b""})


def test_listed_headers_become_attributes_and_credentials_do_not() -> None:
    with recording(Settings.from_env({**ENVIRON, **LISTED})) as (spans, telemetry):
        asyncio.run(answer(TelemetryMiddleware(service, telemetry), scope("/", headers=SENT)))
        (span,) = spans.finished()

    captured = {name: value for name, value in span.attributes.items() if ".header." in name}
    assert captured == {
        "http.request.header.x-tenant": ("blue",),
        "http.response.header.x-cache": ("hit",),
    }


async def redirect(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 302, "headers": REDIRECTED})
    await send({"type": "http.response.body", "body": b""})


def test_secrets_of_urls_in_headers_are_redacted() -> None:
    listed = dict.fromkeys(LISTED, "Location,Referer,Link")
    sent = [(b"referer", b"/a?token=hunter2&page=2"), (b"link", b"</b?sig=hunter2>; rel=next")]
    with recording(Settings.from_env({**ENVIRON, **listed})) as (spans, telemetry):
        asyncio.run(answer(TelemetryMiddleware(redirect, telemetry), scope("/", headers=sent)))
        (span,) = spans.finished()

    captured = {name: value for name, value in span.attributes.items() if ".header." in name}
    assert captured == {
        "http.request.header.referer": ("/a?token=REDACTED&page=2",),
        "http.request.header.link": ("</b?sig=REDACTED>; rel=next",),
        "http.response.header.location": (
            "https://REDACTED:REDACTED@b/c?access_token=REDACTED&page=2",
        ),
    }


def test_every_value_of_a_repeated_header_is_captured() -> None:
    listed = dict.fromkeys(LISTED, "X-Tag")
    repeated = [(b"x-tag", b"one"), (b"x-tag", b"two")]

    async def tagged(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": repeated})
        await send({"type": "http.response.body", "body": b""})

    with recording(Settings.from_env({**ENVIRON, **listed})) as (spans, telemetry):
        asyncio.run(answer(TelemetryMiddleware(tagged, telemetry), scope("/", headers=repeated)))
        (span,) = spans.finished()

    assert span.attributes["http.request.header.x-tag"] == ("one", "two")
    assert span.attributes["http.response.header.x-tag"] == ("one", "two")


def test_headers_similar_to_credentials_are_never_captured() -> None:
    settings = Settings.from_env(dict.fromkeys(LISTED, f"{CREDENTIALS},X-Tenant"))

    assert (settings.request_headers, settings.response_headers) == (("x-tenant",), ("x-tenant",))


def test_no_header_is_captured_unless_it_is_listed() -> None:
    with recording() as (spans, telemetry):
        asyncio.run(answer(TelemetryMiddleware(service, telemetry), scope("/", headers=SENT)))
        (span,) = spans.finished()

    assert not [name for name in span.attributes if ".header." in name]
