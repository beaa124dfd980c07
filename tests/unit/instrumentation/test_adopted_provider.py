"""A service that set up OpenTelemetry itself keeps its sampler and exporter."""

import asyncio

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision, StaticSampler

from instrumentation import Settings, TelemetryMiddleware
from instrumentation._setup.pipeline import Options, Pipeline
from instrumentation._setup.provider import adopt
from instrumentation._setup.telemetry import telemetry_of
from instrumentation._support.asgi_types import Receive, Scope, Send
from tests.asgi import answer, scope


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("decision", "exported"),
    [
        (Decision.RECORD_AND_SAMPLE, ["GET"]),
        (Decision.RECORD_ONLY, []),
        (Decision.DROP, []),
    ],
)
def test_its_sampler_decides_and_its_exporter_gets_the_spans(
    decision: Decision, exported: list[str]
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=StaticSampler(decision), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    settings = Settings.from_env({"SIGHTLINE_STRICT": "true"})

    pipeline = Pipeline(
        settings, Options(service="shop"), lambda given, _, __: adopt(provider, given)
    )
    with telemetry_of(pipeline) as telemetry:
        sent, _ = asyncio.run(answer(TelemetryMiddleware(service, telemetry), scope("/")))

    assert sent[0]["status"] == 200
    assert [span.name for span in exporter.get_finished_spans()] == exported
