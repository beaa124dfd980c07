"""The context of an entry point does not come from earlier code in the same task."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.utils import is_instrumentation_enabled, suppress_instrumentation
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from starlette.middleware.base import BaseHTTPMiddleware

from instrumentation import (
    Settings,
    Telemetry,
    TelemetryMiddleware,
    TraceContextFilter,
    extract,
    inject,
)
from instrumentation._setup.pipeline import Engine, Options, Pipeline
from instrumentation._setup.recording import ENVIRON, recording
from instrumentation._setup.telemetry import pipeline_of, telemetry_of
from instrumentation._support.asgi_types import ASGIApp, Receive, Scope, Send
from instrumentation.messaging import Channel
from instrumentation.testing import Recording
from tests.asgi import answer, scope
from tests.injection import injected

APPLICATION_KEY = context.create_key("application")
CALLER = "0af7651916cd43dd8448eb211c80319c"
HEADERS = [
    (b"traceparent", f"00-{CALLER}-b7ad6b7169203331-01".encode()),
    (b"baggage", b"tenant=blue"),
]


@contextmanager
def earlier_request() -> Iterator[str]:
    """Leave the context of a finished request attached, and yield its trace id."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("earlier")
    earlier = tracer.start_span("earlier", kind=SpanKind.SERVER)
    earlier.end()
    left = trace.set_span_in_context(earlier, baggage.set_baggage("tenant", "red"))
    token = context.attach(context.set_value(APPLICATION_KEY, "kept", left))
    with suppress_instrumentation():
        yield f"{earlier.get_span_context().trace_id:032x}"
    context.detach(token)


def seen() -> dict[str, object]:
    """Return the trace, span and baggage of the current context."""
    record, sent = logging.makeLogRecord({}), dict[str, str]()
    TraceContextFilter().filter(record)
    inject(sent)
    return {
        "logged": vars(record)["trace_id"],
        "sent": sent.get("traceparent", "")[3:35],
        "baggage": dict(baggage.get_all()),
        "suppressed": not is_instrumentation_enabled(),
        "application": context.get_value(APPLICATION_KEY),
    }


class Service:
    """ASGI app that records its context."""

    def __init__(self) -> None:
        self.seen: dict[str, object] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or accept the socket."""
        del receive
        self.seen = seen()
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def expected(trace_id: str, tenant: dict[str, str]) -> dict[str, object]:
    return {
        "logged": trace_id,
        "sent": trace_id,
        "baggage": tenant,
        "suppressed": False,
        "application": "kept",
    }


CONTINUED = expected(CALLER, {"tenant": "blue"})
NO_CALLER = expected("", {})
CLOSED = {"SIGHTLINE_TRUST_INCOMING": "never"}
DISABLED = {"OTEL_SDK_DISABLED": "true"}
UNSAMPLED = [(HEADERS[0][0], HEADERS[0][1][:-1] + b"0"), HEADERS[1]]
PLAIN_UNSAMPLED = UNSAMPLED[:1]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("environ", "headers", "found"),
    [
        ({}, HEADERS, CONTINUED),
        ({}, UNSAMPLED, CONTINUED),
        ({}, PLAIN_UNSAMPLED, expected(CALLER, {})),
        (DISABLED, HEADERS, CONTINUED),
        (DISABLED, [], NO_CALLER),
        (DISABLED | CLOSED, HEADERS, NO_CALLER),
    ],
)
def test_a_request_inherits_nothing_from_an_earlier_one(
    kind: str, environ: dict[str, str], headers: list[Any], found: dict[str, object]
) -> None:
    service, request = Service(), scope("/", type=kind, headers=headers)
    with recording(Settings.from_env(ENVIRON | environ)) as (_, telemetry), earlier_request():
        asyncio.run(answer(TelemetryMiddleware(service, telemetry), request))

    assert service.seen == found


class KeepingService(Service):
    """Service that leaves its context attached, like a server that resumes reading in it."""

    context: contextvars.Context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        self.context = contextvars.copy_context()
        await super().__call__(scope, receive, send)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("headers", [HEADERS, UNSAMPLED, PLAIN_UNSAMPLED])
def test_code_after_a_request_does_not_see_the_earlier_request(kind: str, headers: Any) -> None:  # noqa: ANN401  of ASGI
    service = KeepingService()

    async def served(app: ASGIApp) -> dict[str, object]:
        await answer(app, scope("/", type=kind, headers=headers))
        return seen()

    with recording() as (_, telemetry):
        app = TelemetryMiddleware(service, telemetry)
        asyncio.run(served(app))
        after = service.context.run(asyncio.run, served(app))

    assert after == {**NO_CALLER, "application": None}


@pytest.mark.parametrize("environ", [{}, CLOSED])
def test_a_request_without_a_trusted_caller_starts_a_trace(environ: dict[str, str]) -> None:
    service, request = Service(), scope("/", headers=HEADERS if environ else [])
    with recording(Settings.from_env(ENVIRON | environ)) as (spans, telemetry):
        with earlier_request() as earlier:
            asyncio.run(answer(TelemetryMiddleware(service, telemetry), request))
        own = spans.finished()[-1]

    assert (own.kind, own.parent_id) == ("SERVER", "")
    assert own.trace_id != earlier
    assert service.seen == expected(own.trace_id, {})


@pytest.mark.parametrize("engine", ["asgi", "contrib", "fastapi"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_request_whose_telemetry_fails_inherits_nothing(kind: str, engine: Engine) -> None:
    service = Service()
    settings = Settings.from_env(ENVIRON | {"SIGHTLINE_STRICT": "false"})
    with (
        Telemetry(settings, service="shop", engine=engine) as telemetry,
        injected(telemetry.registry, (pipeline_of(telemetry).requests, "spans")),
        earlier_request(),
    ):
        asyncio.run(answer(TelemetryMiddleware(service, telemetry), scope("/", type=kind)))

    assert service.seen == NO_CALLER


@pytest.mark.parametrize("engine", ["contrib", "fastapi"])
def test_another_engine_starts_without_an_earlier_request(engine: Engine) -> None:
    service = Service()
    settings = Settings.from_env(ENVIRON)
    with Telemetry(settings, service="shop", engine=engine) as telemetry, earlier_request():
        asyncio.run(answer(TelemetryMiddleware(service, telemetry), scope("/")))

    assert service.seen == NO_CALLER


def test_an_excluded_path_inherits_nothing(telemetry: Recording) -> None:
    service = Service()
    with earlier_request():
        asyncio.run(answer(TelemetryMiddleware(service, telemetry.telemetry), scope("/healthz")))

    assert service.seen == NO_CALLER
    assert telemetry.spans == []


def test_a_message_inherits_nothing_from_the_request_that_reads_it(telemetry: Recording) -> None:
    orders = Channel(telemetry.telemetry, system="kafka", destination="orders")
    with earlier_request(), orders.processing([]):
        found = seen()

    (span,) = telemetry.spans
    assert (span.kind, span.parent_id) == ("CONSUMER", "")
    assert found == expected(span.trace_id, {})


def test_the_context_is_restored_after_a_message(telemetry: Recording) -> None:
    orders = Channel(telemetry.telemetry, system="kafka", destination="orders")
    with earlier_request():
        before = context.get_current()
        with orders.processing([]):
            pass
        assert context.get_current() is before


Layers = Callable[[Telemetry, ASGIApp], ASGIApp]
"""Function that wraps an app in a tracing layer."""


def contrib(telemetry: Telemetry, app: ASGIApp) -> ASGIApp:
    provider = pipeline_of(telemetry).tracing.provider
    traced: ASGIApp = OpenTelemetryMiddleware(app, tracer_provider=provider)
    return traced


def contrib_and_a_task(telemetry: Telemetry, app: ASGIApp) -> ASGIApp:
    return contrib(telemetry, BaseHTTPMiddleware(app, lambda request, call: call(request)))


def contrib_and_a_span(telemetry: Telemetry, app: ASGIApp) -> ASGIApp:
    async def working(scope: Scope, receive: Receive, send: Send) -> None:
        with telemetry.tracer.start_as_current_span("work"):
            await app(scope, receive, send)

    return contrib(telemetry, working)


def contrib_around_a_mount(telemetry: Telemetry, app: ASGIApp) -> ASGIApp:
    outer = FastAPI(telemetry={"tracing": False})
    outer.mount("/", app)
    FastAPIInstrumentor.instrument_app(
        outer, tracer_provider=pipeline_of(telemetry).tracing.provider
    )
    return outer


def fastapi(telemetry: Telemetry, app: ASGIApp) -> ASGIApp:
    outer = FastAPI(telemetry={"tracer_provider": pipeline_of(telemetry).tracing.provider})
    outer.mount("/", app)
    return outer


def sightline(telemetry: Telemetry, app: ASGIApp) -> ASGIApp:
    return TelemetryMiddleware(app, telemetry)


def by_hand(telemetry: Telemetry, app: ASGIApp) -> ASGIApp:
    async def traced(scope: Scope, receive: Receive, send: Send) -> None:
        parent = extract(scope["headers"])
        with telemetry.tracer.start_as_current_span("GET", parent, SpanKind.SERVER):
            await app({**scope, "instrumentation.traced": True}, receive, send)

    return traced


@pytest.mark.parametrize("surroundings", [nullcontext, earlier_request])
@pytest.mark.parametrize(
    "around",
    [
        contrib,
        contrib_and_a_task,
        contrib_and_a_span,
        contrib_around_a_mount,
        fastapi,
        sightline,
        by_hand,
    ],
)
def test_a_request_below_another_tracing_layer_is_one_server_span(
    telemetry: Recording, around: Layers, surroundings: Callable[[], AbstractContextManager[None]]
) -> None:
    tracing, settings = pipeline_of(telemetry.telemetry).tracing, Settings.from_env(ENVIRON)
    inner_pipeline = Pipeline(settings, Options(service="inner"), lambda *_: tracing)
    with telemetry_of(inner_pipeline) as inner:
        app = around(telemetry.telemetry, TelemetryMiddleware(Service(), inner))
        with surroundings():
            _, raised = asyncio.run(answer(app, scope("/", headers=HEADERS)))

    servers = [span for span in telemetry.spans if span.kind == "SERVER"]
    assert raised == ""
    assert [span.trace_id for span in servers] == [CALLER]


@pytest.mark.parametrize(
    ("path", "parent", "count"), [("/", UNSAMPLED, 0), ("/", HEADERS, 1), ("/healthz", HEADERS, 1)]
)
def test_an_inner_service_follows_the_decision_of_the_outer_one(
    telemetry: Recording, path: str, parent: list[Any], count: int
) -> None:
    always = Settings.from_env(ENVIRON | {"OTEL_TRACES_SAMPLER": "always_on"})
    with recording(always) as (spans, inner):
        middleware = TelemetryMiddleware(TelemetryMiddleware(Service(), inner), telemetry.telemetry)
        asyncio.run(answer(middleware, scope(path, root_path="/healthz", headers=parent)))

        assert len(spans.finished()) + len(telemetry.spans) == count
