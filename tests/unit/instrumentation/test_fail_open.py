"""The service answers as it would without the instrumentation, even when that fails.

Connections are ASGI messages, given by hand: no server repairs anything on the way.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse

from instrumentation import Settings, TelemetryMiddleware
from instrumentation._setup.telemetry import Telemetry
from tests import asgi
from tests.asgi import answer

HEADER = st.tuples(
    st.sampled_from([b"host", b"traceparent", b"tracestate", b"baggage", b"user-agent", b"x"])
    | st.binary(max_size=8),
    st.binary(max_size=60) | st.just(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
)
SCOPES = st.fixed_dictionaries(
    {
        "type": st.just("http"),
        "method": st.sampled_from(["GET", "POST", "HEAD", "get", "BREW", ""]) | st.text(max_size=5),
        "path": st.sampled_from(["/", "/items/1", "/items/x", "/stream", "/boom"]) | st.text(),
        "query_string": st.binary(max_size=40),
        "headers": st.lists(HEADER, max_size=6),
    },
    optional={
        "scheme": st.sampled_from(["http", "https", "ws", "\udcff"]),
        "http_version": st.sampled_from(["1.1", "2", ""]),
        "client": st.none() | st.tuples(st.text(max_size=9), st.integers(0, 65535)),
        "server": st.none() | st.tuples(st.text(max_size=9), st.none() | st.integers(0, 65535)),
        "root_path": st.sampled_from(["", "/api"]),
    },
)
"""Scopes of servers, valid and invalid."""


def service() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    @app.get("/stream")
    async def stream() -> Response:
        return StreamingResponse(iter(["a", "b"]), headers={"x-kind": "stream"})

    @app.get("/boom")
    async def boom() -> None:
        raise LookupError("boom")

    return app


@contextmanager
def telemetry(**environ: str) -> Iterator[Telemetry]:
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none", **environ})
    with Telemetry(settings, service="shop") as found:
        yield found


@given(SCOPES)
@settings(deadline=None)
def test_the_response_equals_that_of_the_bare_service(scope: dict[str, Any]) -> None:
    app = service()
    with telemetry() as found:
        expected = asyncio.run(answer(app, scope))
        instrumented = asyncio.run(answer(TelemetryMiddleware(app, found), scope))

    assert instrumented == expected


def broken(*_arguments: object, **_options: object) -> None:
    raise LookupError("our own fault")


class Broken:
    """Object whose every attribute raises."""

    __getattr__ = __call__ = __getitem__ = broken


BREAKS: dict[str, Callable[[Telemetry], None]] = {
    "attributes": lambda found: setattr(found.requests.spans, "_attributes", Broken()),
    "sampler": lambda found: setattr(found.requests.spans, "_sampler", Broken()),
    "context": lambda found: setattr(found.requests.spans, "_context", Broken()),
    "spans": lambda found: setattr(found.requests, "spans", Broken()),
    "active requests": lambda found: setattr(found.requests, "_active", Broken()),
    "series": lambda found: setattr(found.requests, "series", Broken()),
    "outcomes": lambda found: setattr(found.requests, "outcomes", Broken()),
    "everything": lambda found: vars(found.requests).update(
        dict.fromkeys(["spans", "_active", "series", "outcomes"], Broken())
    ),
}


@pytest.mark.parametrize("path", ["/items/1", "/items/x", "/stream", "/boom", "/nowhere"])
@pytest.mark.parametrize("part", BREAKS)
def test_the_service_answers_when_the_instrumentation_fails(part: str, path: str) -> None:
    scope = asgi.scope(path)
    app = service()
    with telemetry() as found:
        BREAKS[part](found)
        instrumented = asyncio.run(answer(TelemetryMiddleware(app, found), scope))

    assert instrumented == asyncio.run(answer(app, scope))


def test_an_internal_error_leaves_no_request_in_flight() -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/items/1",
        "query_string": b"",
        "headers": [],
    }
    with telemetry() as found:
        BREAKS["attributes"](found)
        asyncio.run(answer(TelemetryMiddleware(service(), found), scope))

        labels = {"http_request_method": "GET"}
        active = found.registry.get_sample_value("http_server_active_requests", labels)
        failures = found.registry.get_sample_value(
            "sightline_internal_errors_total", {"operation": "span_start"}
        )
    assert (active, failures) == (0.0, 1.0)
