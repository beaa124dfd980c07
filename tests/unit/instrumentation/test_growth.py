"""The memory of a service does not grow with different requests."""

import asyncio
import gc
from collections.abc import Iterable

import pytest
from fastapi import FastAPI

from instrumentation import Settings, Telemetry, TelemetryMiddleware
from tests import asgi

SERVED = 2_000
"""Requests between two measurements."""


def service() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> int:
        return item_id

    @app.get("/boom")
    async def boom() -> None:
        raise LookupError("boom")

    return app


def unique_request(number: int) -> dict[str, object]:
    """Return a request that differs from all others."""
    path = ("/items/{}", "/items/x{}", "/nowhere/{}", "/boom")[number % 4].format(number)
    return {
        **asgi.scope(path),
        "query_string": f"page={number}&token=t{number}".encode(),
        "headers": [
            (b"host", f"host-{number}".encode()),
            (b"user-agent", f"agent/{number}".encode()),
            (b"baggage", f"key{number}=value".encode()),
            (b"tracestate", f"key{number}=value".encode()),
            (b"traceparent", f"00-{number + 1:032x}-{number + 1:016x}-01".encode()),
        ],
        "client": (f"10.0.{number % 256}.1", number % 65536),
    }


async def objects_after(app: TelemetryMiddleware, numbers: Iterable[int]) -> int:
    """Return the number of objects after *app* has answered the requests with these numbers."""
    for number in numbers:
        await asgi.answer(app, unique_request(number))
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("sampler", ["always_on", "traceidratio"])
def test_different_requests_leave_no_objects_behind(sampler: str) -> None:
    environ = {
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_TRACES_SAMPLER": sampler,
        "OTEL_TRACES_SAMPLER_ARG": "0.5",
    }
    with Telemetry(Settings.from_env(environ), service="shop") as telemetry:
        app = TelemetryMiddleware(service(), telemetry)
        first = asyncio.run(objects_after(app, range(SERVED)))
        later = asyncio.run(objects_after(app, range(SERVED, 3 * SERVED)))

    assert later - first < SERVED / 10
