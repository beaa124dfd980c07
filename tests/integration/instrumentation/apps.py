"""Services under test, as factories for ``uvicorn --factory apps:NAME``."""

import asyncio
import importlib
import json
import logging
import os
from collections.abc import AsyncIterator

from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CollectorRegistry, generate_latest

from instrumentation import JSONFormatter, TraceContextFilter, inject, instrument, metrics_app
from instrumentation.messaging import Channel

routes = APIRouter()
shelves = APIRouter(prefix="/shelves")


async def item(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}


@routes.post("/items")
async def create(body: dict[str, str]) -> dict[str, str]:
    return body


@routes.get("/boom")
async def boom() -> None:
    raise LookupError("boom")


@routes.get("/teapot")
async def teapot() -> None:
    raise HTTPException(418)


@routes.get("/unavailable")
async def unavailable() -> None:
    raise HTTPException(503)


@routes.get("/work")
def work() -> dict[str, str]:
    with trace.get_tracer("shop").start_as_current_span("pack"):
        return {"packed": "yes"}


@routes.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(chunks())


@routes.get("/later")
async def later(tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(asyncio.sleep, 1.0)
    return {"accepted": "yes"}


@routes.get("/log")
async def log() -> dict[str, str]:
    logging.getLogger("shop").warning("logged %s", "once", extra={"order": 7})
    return {"logged": "yes"}


@routes.websocket("/rooms/{room}")
async def enter(socket: WebSocket, room: str) -> None:
    await socket.accept()
    await socket.send_text(room)
    await socket.close()


@shelves.get("/{shelf_id}")
async def shelf(shelf_id: int) -> dict[str, int]:
    return {"shelf_id": shelf_id}


def shop() -> FastAPI:
    """Return an app with plain, nested, mounted, failing and streaming routes."""
    app, warehouse = FastAPI(title="shop"), FastAPI()
    app.get("/items/{item_id}")(item)
    app.include_router(routes)
    app.include_router(shelves, prefix="/house")
    warehouse.get("/stock/{item_id}")(item)
    app.mount("/warehouse", warehouse)
    return app


async def chunks() -> AsyncIterator[bytes]:
    """Yield three chunks, the last one 0.1 s after the first."""
    yield b"one"
    await asyncio.sleep(0.1)
    yield b"two"
    yield b"three"


def plain() -> FastAPI:
    """Return the instrumented shop."""
    app = shop()
    instrument(app)
    return app


def with_metrics_of_its_own() -> FastAPI:
    """Return a shop that serves its own metrics and reads FastAPI's request data."""
    app = plain()

    @app.get("/metrics")
    def page() -> PlainTextResponse:
        return PlainTextResponse(generate_latest())

    @app.get("/data/{number}")
    async def data(number: int) -> dict[str, object]:
        found = importlib.import_module("fastapi.telemetry").get_telemetry_data()
        return {"number": number, "values": repr(found.values)}

    return app


def logging_as_json() -> FastAPI:
    """Return the shop, with the server's log as JSON in the file ``LOG_FILE``."""
    handler = logging.FileHandler(os.environ["LOG_FILE"])
    handler.setFormatter(JSONFormatter())
    logging.getLogger().addHandler(handler)
    for name in ("uvicorn", "uvicorn.error", "hypercorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    return plain()


def with_own_page() -> FastAPI:
    """Return the shop with a second metrics page among its routes."""
    app = shop()
    telemetry = instrument(app)
    app.mount("/own/metrics", metrics_app(telemetry, CollectorRegistry()))
    return app


def with_global_provider() -> FastAPI:
    """Return the shop after setting up OpenTelemetry; newer FastAPIs then create spans, too."""
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return plain()


def with_contrib_before() -> FastAPI:
    """Return a shop instrumented by the contrib package first."""
    app = shop()
    FastAPIInstrumentor.instrument_app(app)
    instrument(app)
    return app


def with_contrib_after() -> FastAPI:
    """Return a shop instrumented by the contrib package last."""
    app = plain()
    FastAPIInstrumentor.instrument_app(app)
    return app


def traced_by_contrib() -> FastAPI:
    """Return the shop with ``engine="contrib"``."""
    app = shop()
    instrument(app, engine="contrib")
    return app


def traced_by_fastapi() -> FastAPI:
    """Return the shop with ``engine="fastapi"``."""
    app = shop()
    instrument(app, engine="fastapi")
    return app


def in_context() -> dict[str, str]:
    """Return the trace id of a log record, and the headers of an outgoing call."""
    record, sent = logging.makeLogRecord({}), dict[str, str]()
    TraceContextFilter().filter(record)
    inject(sent)
    return {"logged": vars(record)["trace_id"], **sent}


async def report(request: Request) -> dict[str, str]:
    """Respond with the context after the body was read."""
    await request.body()
    return in_context()


async def report_later(request: Request) -> dict[str, str]:
    """Respond with the context of a separate task."""
    await request.body()
    return await asyncio.create_task(report(request))


async def consume(orders: Channel) -> dict[str, str]:
    """Return the context in which a message is processed."""
    with orders.processing({}):
        return in_context()


async def report_to_socket(socket: WebSocket) -> None:
    """Send the context, then wait for the client to leave."""
    await socket.accept()
    await socket.send_text(json.dumps(in_context()))
    await socket.receive()


def tenants() -> FastAPI:
    """Return a service that responds with the context of each request."""
    app = FastAPI(title="tenants")
    app.api_route("/context", methods=["GET", "POST"])(report)
    app.post("/task")(report_later)
    app.get("/healthz")(report)
    app.websocket("/socket")(report_to_socket)
    telemetry = instrument(app)
    orders = Channel(telemetry, system="kafka", destination="orders")

    @app.post("/message")
    async def report_of_message() -> dict[str, str]:
        return await asyncio.create_task(consume(orders))

    return app


untouched = shop()
"""Shop without instrumentation."""
