"""FastAPI's own telemetry beside Sightline: request data, one engine, configured exporters."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.telemetry import TelemetryData, get_telemetry_data
from opentelemetry import context, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import generate_latest

from instrumentation import Settings, TelemetryMiddleware, instrument
from instrumentation._setup.pipeline import Engine
from instrumentation._setup.telemetry import pipeline_of
from instrumentation.testing import Recording
from tests.asgi import answer, get, scope

QUIET = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})

router = APIRouter(prefix="/rooms")


def request_data() -> dict[str, object]:
    data = get_telemetry_data()
    return {"values": repr(data.values)} if data is not None else {}


@router.get("/{room}")
async def show(room: int) -> dict[str, object]:
    del room
    return request_data()


@router.get("/{room}/boom")
async def boom(room: int) -> None:
    raise LookupError(room)


@router.websocket("/{room}/ws")
async def enter(socket: WebSocket, room: int) -> None:
    await socket.accept()
    await socket.send_json([room, *request_data()])
    await socket.close()


def hotel(**telemetry: object) -> FastAPI:
    app, tenant = FastAPI(telemetry=telemetry or None), FastAPI()  # type: ignore[arg-type]  # its keys
    for each in (app, tenant):
        each.include_router(router, prefix="/v1")
    app.mount("/tenants/{tenant}", tenant)
    return app


def body(app: FastAPI, path: str) -> bytes:
    sent, _ = asyncio.run(answer(app, scope(path)))
    return b"".join(message.get("body", b"") for message in sent)


class Exported:
    """Spans that the user's own provider got."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def server_spans(self) -> list[str]:
        spans = self._exporter.get_finished_spans()
        return [span.name for span in spans if span.kind is SpanKind.SERVER]

    def scopes(self) -> set[str]:
        spans = self._exporter.get_finished_spans()
        return {span.instrumentation_scope.name for span in spans if span.instrumentation_scope}


@pytest.mark.parametrize("path", ["/v1/rooms/1", "/tenants/acme/v1/rooms/1"])
def test_a_handler_gets_its_request_data(telemetry: Recording, path: str) -> None:
    app = hotel()
    telemetry.instrument(app)

    assert body(app, path) == b'{"values":"{\'room\': 1}"}'


def test_a_websocket_handler_gets_its_data(telemetry: Recording) -> None:
    app = hotel()
    telemetry.instrument(app)
    connect = {**scope("/v1/rooms/1/ws"), "type": "websocket", "subprotocols": []}

    sent, _ = asyncio.run(answer(app, connect, [{"type": "websocket.connect"}]))

    assert sent[1]["text"] == '[1,"values"]'
    assert [span.name for span in telemetry.spans] == ["WS /v1/rooms/{room}/ws"]


def test_a_context_that_outlives_its_request_has_no_data(telemetry: Recording) -> None:
    app, kept = hotel(), []
    app.get("/kept")(lambda: kept.append((context.get_current(), get_telemetry_data())))
    telemetry.instrument(app)

    get(app, "/kept")

    ((outliving, during),) = kept
    assert isinstance(during, TelemetryData)
    assert get_telemetry_data(outliving) is None


def test_an_app_that_is_mounted_in_a_disabled_one_has_its_data(telemetry: Recording) -> None:
    inner, outer = hotel(), FastAPI()
    inner.get("/data")(request_data)
    outer.mount("/hotel", inner)
    telemetry.instrument(inner)
    instrument(outer, clients=(), settings=Settings.from_env({"OTEL_SDK_DISABLED": "true"}))

    assert body(outer, "/hotel/data") == body(inner, "/data") != b"{}"


def test_an_excluded_path_has_no_data(telemetry: Recording) -> None:
    app = hotel()
    app.get("/healthz")(request_data)
    telemetry.instrument(app)

    assert body(app, "/healthz") == b"{}"


def test_an_app_wrapped_in_the_middleware_has_its_data(telemetry: Recording) -> None:
    wrapped = TelemetryMiddleware(hotel(), telemetry.telemetry)

    sent, _ = asyncio.run(answer(wrapped, scope("/v1/rooms/1")))

    assert sent[1]["body"] == b'{"values":"{\'room\': 1}"}'
    assert [span.name for span in telemetry.spans] == ["GET /v1/rooms/{room}"]


class AtEnd(SpanProcessor):
    """Processor that reads the request data when a span ends."""

    def __init__(self) -> None:
        self.found: list[object] = []

    def on_end(self, span: ReadableSpan) -> None:
        del span
        data = get_telemetry_data()
        self.found.append(data and data.values)


@pytest.mark.parametrize("path", ["/v1/rooms/1", "/v1/rooms/1/boom"])
def test_a_span_processor_gets_the_data_of_the_span_that_ends(path: str) -> None:
    app, processor = hotel(), AtEnd()
    with instrument(app, clients=(), settings=QUIET) as watching:
        provider: Any = pipeline_of(watching).tracing.provider
        provider.add_span_processor(processor)

        asyncio.run(answer(app, scope(path)))

    assert processor.found == [{"room": 1}]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/rooms/1", "/v1/rooms/{room}"),
        ("/v1/rooms/1/", "/v1/rooms/{room}"),
        ("/tenants/acme/v1/rooms/1", "/tenants/{tenant}/v1/rooms/{room}"),
        ("/tenants/acme/v1/rooms/1/", "/tenants/{tenant}/v1/rooms/{room}"),
        ("/tenants/acme/nowhere", "/tenants/{tenant}/{unmatched}"),
        ("/docs", "/docs"),
        ("/nowhere", ""),
    ],
)
@pytest.mark.parametrize("root_path", ["", "/behind"])
def test_a_route_is_named_as_fastapi_names_it(
    telemetry: Recording, path: str, route: str, root_path: str
) -> None:
    app = hotel()
    telemetry.instrument(app)

    get(app, root_path + path, root_path=root_path)

    (span,) = telemetry.spans
    assert span.attributes.get("http.route", "") == route


def test_one_log_line_reports_that_sightline_creates_the_spans(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="instrumentation")

    instrument(hotel(), clients=(), settings=QUIET).shutdown()

    (line,) = [each.getMessage() for each in caplog.records if each.name == "instrumentation"]
    assert line.startswith("Sightline creates the server spans of this app instead of FastAPI's")
    assert "docs/how-to/fastapi-telemetry.md" in line


def test_a_configured_tracer_provider_gets_fastapis_spans(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="instrumentation")
    exported = Exported()
    app = hotel(tracer_provider=exported.provider)
    with instrument(app, clients=(), settings=QUIET) as watching:
        get(app, "/v1/rooms/1")

        labels = {"http_request_method": "GET", "http_route": "/v1/rooms/{room}"}
        status = {"http_response_status_code": "200", "error_type": ""}
        counted = watching.registry.get_sample_value(
            "http_server_request_duration_seconds_count", labels | status
        )
    assert (exported.server_spans(), exported.scopes()) == (["GET /v1/rooms/{room}"], {"fastapi"})
    assert counted == 1.0
    assert "FastAPI creates the server spans of this app, and Sightline its metrics" in caplog.text


def test_a_configured_tracer_provider_gets_our_spans_on_request() -> None:
    exported = Exported()
    app = hotel(tracer_provider=exported.provider)
    with instrument(app, engine="asgi", clients=(), settings=QUIET):
        get(app, "/v1/rooms/1")

    assert exported.server_spans() == ["GET /v1/rooms/{room}"]
    assert exported.scopes() == {"instrumentation"}


def test_the_excludes_of_both_apply_when_fastapi_creates_the_spans() -> None:
    exported = Exported()
    app = hotel(
        tracer_provider=exported.provider, exclude=lambda scope: scope["path"] == "/v1/rooms/2"
    )
    with instrument(app, exclude=["/v1/rooms/3"], clients=(), settings=QUIET):
        asked = [get(app, f"/v1/rooms/{number}") for number in (1, 2, 3)]

    assert asked == [200, 200, 200]
    assert exported.server_spans() == ["GET /v1/rooms/{room}"]


@pytest.mark.parametrize("engine", ["asgi", "fastapi"])
@pytest.mark.parametrize(
    ("named", "by_fastapi"),
    [(None, False), (TracerProvider(), True), (trace.NoOpTracerProvider(), True)],
)
def test_fastapi_exports_spans_only_if_sightline_does_not(
    engine: Engine, named: trace.TracerProvider | None, *, by_fastapi: bool
) -> None:
    app = hotel(auto_configure=True, tracer_provider=named)
    with instrument(app, engine=engine, clients=(), settings=QUIET):
        config = dict(vars(app)["_telemetry"])

    assert (config["tracing"], config["metrics"], config["logs"]) == (by_fastapi, True, True)
    assert config["auto_configure"]


@pytest.fixture
def configured() -> Iterator[tuple[FastAPI, InMemoryMetricReader, InMemoryLogRecordExporter]]:
    """App that exports FastAPI's metrics and logs by its own providers."""
    reader, exporter = InMemoryMetricReader(), InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the SDK's
    meters, loggers = MeterProvider([reader]), LoggerProvider()
    loggers.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    yield hotel(meter_provider=meters, logger_provider=loggers), reader, exporter
    meters.shutdown()
    loggers.shutdown()


def test_configured_metrics_and_logs_are_still_exported(
    telemetry: Recording,
    configured: tuple[FastAPI, InMemoryMetricReader, InMemoryLogRecordExporter],
) -> None:
    app, reader, exporter = configured
    telemetry.instrument(app)

    assert get(app, "/v1/rooms/1/boom") == 500

    (span,) = telemetry.spans
    (log,) = exporter.get_finished_logs()
    assert log.log_record.event_name == "http.server.request.exception"
    assert f"{log.log_record.trace_id:032x}" == span.trace_id
    assert "/v1/rooms/{room}/boom" in str(reader.get_metrics_data())


def test_a_detached_app_has_its_own_telemetry_again(telemetry: Recording) -> None:
    app = hotel()
    config, native = vars(app)["_telemetry"], vars(vars(app)["_native_telemetry"])
    before = dict(config), dict(native)
    telemetry.instrument(app)

    telemetry.close()

    assert (config, native) == before


def test_a_disabled_sdk_counts_the_route_of_a_mount_and_has_no_request_data() -> None:
    app = hotel()
    telemetry = instrument(
        app, clients=(), settings=Settings.from_env({"OTEL_SDK_DISABLED": "true"})
    )

    with telemetry:
        sent, _ = asyncio.run(answer(app, scope("/tenants/acme/v1/rooms/7")))
        page = generate_latest(telemetry.registry).decode()

    assert sent[1]["body"] == b"{}"
    assert 'http_route="/tenants/{tenant}/v1/rooms/{room}"' in page
