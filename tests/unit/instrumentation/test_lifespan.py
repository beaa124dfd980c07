"""What waits is sent when the service stops, whatever the app knows of lifespans."""

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
    """An app as the ASGI specification shows it."""
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
    """What the server is told when it starts and stops *app*."""
    told: list[str] = []
    messages = iter(PROTOCOL)

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: Any) -> None:  # noqa: ANN401  whatever is told
        told.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return told


@pytest.mark.parametrize("app", [refusing, ignoring, FastAPI()])
def test_what_waits_is_sent_when_the_service_stops(app: ASGIApp) -> None:
    with Collector() as collector:
        settings = Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint})
        with Telemetry(settings, service="shop") as telemetry:
            watched = TelemetryMiddleware(app, telemetry)
            get(watched, "/")

            told = asyncio.run(live(watched))

            assert len(collector.spans) == 1
    assert told == [f"{message}.complete" for message in PROTOCOL]


def test_an_app_that_cannot_start_is_not_said_to_have_started() -> None:
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    with Telemetry(settings, service="shop") as telemetry:
        watched = TelemetryMiddleware(FastAPI(lifespan=failing), telemetry)

        with pytest.raises(LookupError, match="no database"):
            asyncio.run(live(watched))
