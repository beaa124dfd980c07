"""A service with tracing disabled forwards the trace context."""

from opentelemetry import baggage, trace

from instrumentation import Settings, TelemetryMiddleware, inject
from instrumentation._setup.recording import ENVIRON
from instrumentation._setup.telemetry import Telemetry
from instrumentation._support.asgi_types import Receive, Scope, Send
from tests.asgi import get

CALLER = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "baggage": "user=alice",
}


def outgoing_headers(**environ: str) -> dict[str, str]:
    """Return the headers of a downstream call, and of one within a span of the service."""
    sent: dict[str, str] = {}

    async def service(_scope: Scope, _receive: Receive, send: Send) -> None:
        with telemetry.tracer.start_as_current_span("work"):
            inject(sent)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    headers = [(name.encode(), value.encode()) for name, value in CALLER.items()]
    settings = Settings.from_env({**ENVIRON, "OTEL_SDK_DISABLED": "true", **environ})
    with Telemetry(settings, service="middle") as telemetry:
        get(TelemetryMiddleware(service, telemetry), "/", headers=headers)
    return sent


def test_a_disabled_sdk_forwards_the_callers_context_unchanged() -> None:
    assert outgoing_headers() == CALLER
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert not baggage.get_all()


def test_the_context_of_an_untrusted_caller_is_not_forwarded() -> None:
    assert outgoing_headers(SIGHTLINE_TRUST_INCOMING="never") == {}


def test_formats_that_are_not_configured_are_not_forwarded() -> None:
    assert outgoing_headers(OTEL_PROPAGATORS="baggage") == {"baggage": "user=alice"}
