"""The service answers as it would without the instrumentation, even when that fails.

Connections are ASGI messages, given by hand: no server repairs anything on the way.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse

from instrumentation import Settings, TelemetryMiddleware
from instrumentation._setup.telemetry import Telemetry, pipeline_of
from tests import asgi
from tests.asgi import answer
from tests.injection import Place, injected

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
def test_the_response_equals_that_of_the_bare_service(scope: dict[str, Any]) -> None:
    app = service()
    with telemetry() as found:
        expected = asyncio.run(answer(app, scope))
        instrumented = asyncio.run(answer(TelemetryMiddleware(app, found), scope))

    assert instrumented == expected


TARGETS: dict[str, Callable[[Telemetry], list[Place]]] = {
    "attributes": lambda found: [(pipeline_of(found).requests.spans, "_attributes")],
    "sampler": lambda found: [(pipeline_of(found).requests.spans, "_sampler")],
    "context": lambda found: [(pipeline_of(found).requests.spans, "_context")],
    "spans": lambda found: [(pipeline_of(found).requests, "spans")],
    "active requests": lambda found: [(pipeline_of(found).requests, "_active")],
    "series": lambda found: [(pipeline_of(found).requests, "series")],
    "outcomes": lambda found: [(pipeline_of(found).requests, "outcomes")],
    "everything": lambda found: [
        (pipeline_of(found).requests, name) for name in ("spans", "_active", "series", "outcomes")
    ],
}
"""Attributes that a test breaks."""


@pytest.mark.parametrize("path", ["/items/1", "/items/x", "/stream", "/boom", "/nowhere"])
@pytest.mark.parametrize("part", TARGETS)
def test_the_service_answers_when_the_instrumentation_fails(part: str, path: str) -> None:
    scope = asgi.scope(path)
    app = service()
    with telemetry() as found, injected(found.registry, *TARGETS[part](found)):
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
        with injected(found.registry, *TARGETS["attributes"](found)):
            asyncio.run(answer(TelemetryMiddleware(service(), found), scope))

        labels = {"http_request_method": "GET"}
        active = found.registry.get_sample_value("http_server_active_requests", labels)
        failures = found.registry.get_sample_value(
            "sightline_internal_errors_total", {"operation": "span_start"}
        )
    assert (active, failures) == (0.0, 1.0)
