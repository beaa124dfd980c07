"""Errors of spans of every kind are recorded within the limits and without secrets."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from instrumentation import (
    Settings,
    TelemetryMiddleware,
)
from instrumentation._setup.pipeline import Options, Pipeline
from instrumentation._setup.provider import adopt, build
from instrumentation._setup.recording import ENVIRON, Spans
from instrumentation._setup.telemetry import Telemetry, pipeline_of, telemetry_of
from instrumentation._support.asgi_types import Receive, Scope, Send
from instrumentation.database import Database
from instrumentation.messaging import Channel
from tests.asgi import answer, scope
from tests.http_clients import EVERY_GET, Get, instrument_clients
from tests.ports import free_ports

Fail = Callable[[Telemetry], object]

LONGEST = 16_384
MESSAGE = "GET /a?token=hunter2 with postgresql://me:hunter2@db: " + "x" * 100_000


async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise LookupError(MESSAGE)


def request(telemetry: Telemetry) -> None:
    asyncio.run(answer(TelemetryMiddleware(failing, telemetry), scope("/")))


def socket(telemetry: Telemetry) -> None:
    opened = scope("/", type="websocket")
    asyncio.run(answer(TelemetryMiddleware(failing, telemetry), opened))


def query(telemetry: Telemetry) -> None:
    with Database(telemetry, system="postgresql").operation("SELECT", "orders"):
        raise LookupError(MESSAGE)


def sender(telemetry: Telemetry) -> None:
    with Channel(telemetry, system="kafka", destination="orders").sending({}):
        raise LookupError(MESSAGE)


def consumer(telemetry: Telemetry) -> None:
    with Channel(telemetry, system="kafka", destination="orders").processing({}):
        raise LookupError(MESSAGE)


def block(telemetry: Telemetry) -> None:
    with telemetry.tracer.start_as_current_span("work"):
        raise LookupError(MESSAGE)


def nowhere() -> str:
    (port,) = free_ports(1)
    return f"http://me:hunter2@127.0.0.1:{port}/a?token=hunter2&fill={'x' * 20_000}"


FAILURES: list[Fail] = [request, socket, query, sender, consumer, block]


@pytest.fixture(params=["own", "adopted"])
def telemetry(request: pytest.FixtureRequest, kept: InMemorySpanExporter) -> Iterator[Telemetry]:
    """Telemetry with its own provider, or with that of the service; *kept* gets the spans."""
    adopted = TracerProvider(shutdown_on_exit=False)
    setups = {
        "own": lambda s, service, registry: build(
            s, service=service, registry=registry, processor=Spans()
        ),
        "adopted": lambda s, _service, _registry: adopt(adopted, s),
    }
    settings = Settings.from_env(ENVIRON)
    pipeline = Pipeline(settings, Options(service="test"), setups[request.param])
    provider = pipeline.tracing.provider
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with telemetry_of(pipeline) as found:
        yield found


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def exception_of(span: ReadableSpan) -> dict[str, str]:
    (event,) = span.events
    return {key: str(value) for key, value in (event.attributes or {}).items()}


@pytest.mark.parametrize("fail", FAILURES)
def test_an_error_is_recorded_within_the_limits_and_without_secrets(
    telemetry: Telemetry, kept: InMemorySpanExporter, fail: Fail
) -> None:
    try:
        fail(telemetry)
    except LookupError as error:
        assert "hunter2" in str(error)  # noqa: PT017  the service's error is unchanged

    (span,) = kept.get_finished_spans()
    found = exception_of(span)
    assert "hunter2" not in span.to_json()
    assert found["exception.message"].startswith("GET /a?token=REDACTED with postgresql://REDACTED")
    assert len(found["exception.message"]) == LONGEST
    assert "    raise LookupError(MESSAGE)\n" in found["exception.stacktrace"]
    assert "\nLookupError: GET /a?token=REDACTED" in found["exception.stacktrace"]


@pytest.mark.parametrize("get", EVERY_GET)
def test_a_failed_call_leaks_no_secret_of_its_url(
    telemetry: Telemetry, kept: InMemorySpanExporter, get: Get
) -> None:
    clients = instrument_clients(pipeline_of(telemetry).clients)
    with clients, pytest.raises(Exception, match=r"(?i)connect|refused"):
        get(nowhere())

    (span,) = kept.get_finished_spans()
    assert "hunter2" not in span.to_json()
    assert "Traceback" in exception_of(span)["exception.stacktrace"]
