"""Processors that a service adds to the provider get the same spans as with the SDK's."""

import asyncio

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from instrumentation import TelemetryMiddleware
from instrumentation._support.asgi_types import Receive, Scope, Send
from instrumentation.testing import Recording
from tests.asgi import answer, scope


class Enriching(SpanProcessor):
    """Processor that copies baggage to attributes, as many services do, and keeps ended spans."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        span.set_attribute("user", str(baggage.get_baggage("user", parent_context)))

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span.name)


async def service(_scope: Scope, _receive: Receive, send: Send) -> None:
    with trace.get_tracer("service").start_as_current_span("work"):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_a_processor_that_is_added_later_sees_server_spans_too(telemetry: Recording) -> None:
    enriching = Enriching()
    trace.get_tracer_provider().add_span_processor(enriching)  # type: ignore[attr-defined]  # the SDK's has it
    app = TelemetryMiddleware(service, telemetry.telemetry)

    asyncio.run(answer(app, scope("/", headers=[(b"baggage", b"user=alice")])))

    assert sorted(enriching.ended) == ["GET", "work"]
    assert {span.attributes["user"] for span in telemetry.spans} == {"alice"}
