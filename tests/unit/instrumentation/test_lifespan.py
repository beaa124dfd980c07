"""Queued spans are exported when the service stops, with or without lifespan support."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from instrumentation import Settings, TelemetryMiddleware
from instrumentation._setup.telemetry import Telemetry
from instrumentation._support.asgi_types import ASGIApp, Receive, Scope, Send
from tests.asgi import get
from tests.fakes import Collector

PROTOCOL = ["lifespan.startup", "lifespan.shutdown"]


async def refusing(scope: Scope, _receive: Receive, send: Send) -> None:
    """App that raises for the lifespan scope, as in the ASGI specification."""
    if scope["type"] != "http":
        raise TypeError(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ignoring(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refusing(scope, receive, send)


@asynccontextmanager
async def failing(_app: FastAPI) -> AsyncIterator[None]:
    raise LookupError("no database")
    yield


async def live(app: ASGIApp) -> list[str]:
    """Start and stop *app* as a server does, and return the messages it sends."""
    sent: list[str] = []
    messages = iter(PROTOCOL)

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: Any) -> None:  # noqa: ANN401  any ASGI message
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return sent


@pytest.mark.parametrize("app", [refusing, ignoring, FastAPI()])
def test_queued_spans_are_exported_when_the_service_stops(app: ASGIApp) -> None:
    with Collector() as collector:
        settings = Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint})
        with Telemetry(settings, service="shop") as telemetry:
            middleware = TelemetryMiddleware(app, telemetry)
            get(middleware, "/")

            sent = asyncio.run(live(middleware))

            assert len(collector.spans) == 1
    assert sent == [f"{message}.complete" for message in PROTOCOL]


def test_an_app_that_fails_to_start_is_not_reported_as_started() -> None:
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    with Telemetry(settings, service="shop") as telemetry:
        middleware = TelemetryMiddleware(FastAPI(lifespan=failing), telemetry)

        with pytest.raises(LookupError, match="no database"):
            asyncio.run(live(middleware))
