"""Trust in the trace context of callers."""

import asyncio

import pytest
from opentelemetry import baggage

from instrumentation import Settings, TelemetryMiddleware
from instrumentation._server.entry import TELEMETRY_KEY
from instrumentation._setup.recording import ENVIRON, recording
from instrumentation._support.asgi_types import Receive, Scope, Send
from instrumentation.testing import RecordedSpan
from tests.asgi import answer, scope

HEADERS = [
    (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    (b"baggage", b"tenant=blue"),
]
CALLER = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """App that answers with the tenant of the baggage."""
    del receive
    assert TELEMETRY_KEY in scope
    tenant = str(baggage.get_baggage("tenant")).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": tenant})


def call_from(trust: str, client: str) -> tuple[RecordedSpan, bytes]:
    """Return the span and the response of a call from *client*."""
    settings = Settings.from_env({**ENVIRON, "SIGHTLINE_TRUST_INCOMING": trust})
    with recording(settings) as (spans, telemetry):
        request = scope("/", headers=HEADERS, client=(client, 1))
        sent, _ = asyncio.run(answer(TelemetryMiddleware(service, telemetry), request))
        (span,) = spans.finished()
    return span, sent[1]["body"]


@pytest.mark.parametrize(
    ("trust", "client"),
    [
        ("always", "203.0.113.9"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.0.0.0/8", "::ffff:10.1.2.3"),
        ("::1,10.0.0.0/8", "::1"),
    ],
)
def test_the_trace_of_a_trusted_caller_is_continued(trust: str, client: str) -> None:
    span, tenant = call_from(trust, client)

    assert (span.trace_id, span.parent_id) == CALLER
    assert tenant == b"blue"


@pytest.mark.parametrize(
    ("trust", "client"),
    [("never", "10.1.2.3"), ("10.0.0.0/8", "203.0.113.9"), ("10.0.0.0/8", "/run/proxy.sock")],
)
def test_the_trace_of_an_untrusted_caller_is_only_linked(trust: str, client: str) -> None:
    span, tenant = call_from(trust, client)

    assert (span.trace_id, span.parent_id) == (f"{1:032x}", "")
    assert span.links == (CALLER[1],)
    assert tenant == b"None"
