"""The pytest plugin, used as in a user's tests."""

import pytest
from fastapi import FastAPI
from opentelemetry import trace

from instrumentation.testing import Recording
from tests.asgi import get


@pytest.fixture
def app() -> FastAPI:
    shop = FastAPI()

    @shop.get("/orders/{order_id}")
    async def order(order_id: int) -> dict[str, int]:
        with trace.get_tracer("shop").start_as_current_span("SELECT orders"):
            return {"order_id": order_id}

    @shop.get("/boom")
    async def boom() -> None:
        raise LookupError("boom")

    return shop


def test_a_request_is_recorded_as_a_trace(telemetry: Recording, app: FastAPI) -> None:
    telemetry.instrument(app)

    get(app, "/orders/7")

    telemetry.assert_trace(("GET /orders/{order_id}", "SELECT orders"))


def test_ids_and_times_are_the_same_in_every_run(telemetry: Recording, app: FastAPI) -> None:
    telemetry.instrument(app)

    get(app, "/orders/7")

    server, query = telemetry.spans
    assert (server.trace_id, server.span_id) == (f"{1:032x}", f"{1:016x}")
    assert (query.trace_id, query.parent_id) == (server.trace_id, server.span_id)
    assert [server.start, query.start, query.end, server.end] == [0, 1, 2, 3]


def test_metrics_are_summed_over_the_other_labels(telemetry: Recording, app: FastAPI) -> None:
    telemetry.instrument(app)

    get(app, "/orders/7")
    get(app, "/orders/x")

    requests = "http_server_request_duration_seconds_count"
    assert telemetry.metric(requests) == 2
    assert telemetry.metric(requests, http_response_status_code="422") == 1


def test_a_missing_sample_is_reported_with_the_existing_ones(telemetry: Recording) -> None:
    with pytest.raises(LookupError, match=r"http_server_active_requests with .*'BREW'.*'GET'"):
        telemetry.metric("http_server_active_requests", http_request_method="BREW")


def test_a_missing_edge_is_reported_with_the_found_ones(telemetry: Recording, app: FastAPI) -> None:
    telemetry.instrument(app)
    get(app, "/orders/7")

    with pytest.raises(AssertionError, match=r"INSERT orders.*SELECT orders"):
        telemetry.assert_trace(("GET /orders/{order_id}", "INSERT orders"))


def test_a_failure_is_recorded_with_its_exception(telemetry: Recording, app: FastAPI) -> None:
    telemetry.instrument(app)

    get(app, "/boom")

    (span,) = telemetry.spans
    assert (span.status, span.events) == ("ERROR", ("exception",))
    assert span.attributes["error.type"] == "LookupError"
