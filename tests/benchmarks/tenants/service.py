"""Service of the benchmark. It responds with the current trace and baggage.

An ASGI layer outside of the instrumented app counts connections and serves ``/verdict``.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from opentelemetry import baggage, trace

from instrumentation import instrument
from tests.benchmarks.tenants import hostility
from tests.benchmarks.tenants.hostility import ACTS, LoggingError, log

CHUNKS = 5


def describe_context(tenant: str) -> str:
    """Return the current trace and baggage as a line of JSON, logged and set on the span."""
    span = trace.get_current_span()
    span.set_attribute("tenant", tenant)
    log.info("tenant=%s answers", tenant)
    trace_id = f"{span.get_span_context().trace_id:032x}"
    return json.dumps({"trace": trace_id, "baggage": dict(baggage.get_all())}) + "\n"


async def run_act(request: Request) -> str:
    """Run the act in the request's header and return the tenant."""
    tenant = request.headers.get("x-tenant", "-1")
    act = ACTS.get(request.headers.get("x-act", ""))
    if act is not None:
        await act(tenant)
    return tenant


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Start garbage collections and signals that interrupt the service."""
    hostility.collect_often()
    hostility.interrupt_often()
    yield


service = FastAPI(title="tenants", lifespan=lifespan)


@service.get("/plain")
async def plain(request: Request) -> PlainTextResponse:
    """Respond at once."""
    return PlainTextResponse(describe_context(await run_act(request)))


@service.post("/upload")
async def upload(request: Request) -> PlainTextResponse:
    """Read the body, then respond."""
    await request.body()
    return PlainTextResponse(describe_context(await run_act(request)))


@service.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    """Respond in chunks, with a pause before each."""
    tenant = await run_act(request)

    async def chunks() -> AsyncIterator[str]:
        for _ in range(CHUNKS):
            await asyncio.sleep(0)
            yield describe_context(tenant)

    return StreamingResponse(chunks(), media_type="text/plain")


@service.get("/failing")
async def failing(request: Request) -> None:
    """Raise an error that logs."""
    tenant = await run_act(request)
    describe_context(tenant)
    raise LoggingError(tenant)


@service.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    """Reply to one message."""
    await websocket.accept()
    await websocket.receive_text()
    await websocket.send_text(describe_context(websocket.headers.get("x-tenant", "-1")))
    await websocket.close()


class CountingLayer:
    """Outermost ASGI layer, which counts connections by type and serves ``/verdict``."""

    def __init__(self) -> None:
        self.counts = {"http": 0, "websocket": 0, "lifespan": 0}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI
        """Count one connection and call the service."""
        if scope.get("path") == "/verdict":
            await PlainTextResponse(json.dumps(self.verdict()))(scope, receive, send)
            return
        self.counts[scope["type"]] += scope.get("path") != "/metrics"
        await service(scope, receive, send)

    def verdict(self) -> dict[str, Any]:
        """Return the counts of this layer and of the export."""
        stats = telemetry.stats()
        return {
            **self.counts,
            "memory": psutil.Process().memory_info().rss,
            "accepted": stats.accepted,
            "exported": stats.exported,
            "queued": stats.queued,
        }


log.setLevel(logging.INFO)
log.addHandler(hostility.NotingHandler())
log.propagate = True
logging.getLogger().setLevel(logging.INFO)
telemetry = instrument(service)
app = CountingLayer()
