"""Processors that a service adds to the provider get the same spans as with the SDK's."""

import asyncio
from importlib import metadata
from typing import Any

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from instrumentation import Settings, Telemetry, TelemetryMiddleware
from instrumentation._setup.provider import resource_of
from instrumentation._setup.telemetry import pipeline_of
from instrumentation._support.asgi_types import Receive, Scope, Send
from instrumentation.conventions import SCHEMA_URL, VERSION
from instrumentation.database import Database
from instrumentation.testing import Recording
from tests.asgi import answer, scope

QUIET = {"OTEL_TRACES_EXPORTER": "none"}


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


def test_spans_of_the_library_and_of_the_service_have_scopes_of_their_own() -> None:
    ended = Ended()
    settings = Settings.from_env({**QUIET, "OTEL_RESOURCE_ATTRIBUTES": "service.version=2.4.0"})
    with Telemetry(settings, service="orders") as telemetry:
        pipeline_of(telemetry).tracing.provider.add_span_processor(ended)  # type: ignore[attr-defined]  # the SDK's
        telemetry.tracer.start_span("build report").end()
        with Database(telemetry, system="sqlite").operation("SELECT", "orders"):
            pass

    own, library = ended.scopes
    assert (own.name, own.version) == ("orders", "2.4.0")
    assert (library.name, library.version) == ("instrumentation", VERSION)
    assert library.schema_url == SCHEMA_URL


def test_the_resource_names_the_version_of_the_distribution() -> None:
    resource = resource_of(Settings.from_env({}), "orders")

    assert resource.attributes["telemetry.distro.version"] == metadata.version("sightline-stack")


class Ended(SpanProcessor):
    """Processor that keeps the scopes of ended spans."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.scopes.append(span.instrumentation_scope)
