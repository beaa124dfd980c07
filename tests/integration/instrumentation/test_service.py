"""An instrumented service, observed by its clients and its collector."""

import re

import pytest
from websockets.sync.client import connect

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import (
    Service,
    attributes,
    running,
    server_spans,
)
from tests.waiting import until

DELAYS = "asyncio_event_loop_delay_seconds_count "
PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/items/1", "GET /items/{item_id}"),
        ("/house/shelves/2", "GET /house/shelves/{shelf_id}"),
        ("/warehouse/stock/3", "GET /warehouse/stock/{item_id}"),
        ("/nowhere/4", "GET"),
    ],
)
def test_a_request_is_one_server_span_named_by_its_route(
    shop: Service, path: str, name: str
) -> None:
    shop.client.get(path, headers=PARENT)

    (span,) = shop.server_spans(1)
    assert span.name == name
    assert span.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent_span_id.hex() == "b7ad6b7169203331"


@pytest.mark.parametrize(
    "factory", ["with_global_provider", "with_contrib_before", "with_contrib_after"]
)
def test_a_request_is_one_server_span_beside_other_instrumentation(
    collector: Collector, factory: str
) -> None:
    with running(factory, collector, OTEL_BSP_SCHEDULE_DELAY="200") as service:
        service.client.get("/items/1", headers=PARENT)
        service.client.get("/warehouse/stock/3", headers=PARENT)

        item, stock = service.server_spans(2)
    assert [item.name, stock.name] == [
        "GET /items/{item_id}",
        "GET /warehouse/stock/{item_id}",
    ]
    assert len(server_spans(collector)) == 2  # none was exported at shutdown


def test_a_span_of_the_service_nests_in_the_request(shop: Service) -> None:
    shop.client.get("/work")

    spans = {span.name: span for span in shop.spans(2)}
    assert spans["pack"].parent_span_id == spans["GET /work"].span_id
    assert spans["pack"].trace_id == spans["GET /work"].trace_id


def test_an_exception_is_an_event_of_a_failed_span(shop: Service) -> None:
    response = shop.client.get("/boom")

    (span,) = shop.server_spans(1)
    assert response.status_code == 500
    assert span.status.code == span.status.STATUS_CODE_ERROR
    assert attributes(span)["error.type"] == "LookupError"
    assert [event.name for event in span.events] == ["exception"]
    assert span.events[0].time_unix_nano <= span.end_time_unix_nano


def test_the_span_of_a_stream_ends_with_its_last_byte(shop: Service) -> None:
    shop.client.get("/stream")

    (span,) = shop.server_spans(1)
    assert span.end_time_unix_nano - span.start_time_unix_nano >= 90_000_000


def test_a_websocket_is_one_span_for_all_its_messages(shop: Service) -> None:
    with connect(f"ws://{shop.client.base_url.netloc.decode()}/rooms/blue") as socket:
        assert socket.recv() == "blue"

    (span,) = shop.server_spans(1)
    assert span.name == "WS /rooms/{room}"
    assert attributes(span)["http.response.status_code"] == 101
    assert attributes(span)["network.protocol.name"] == "websocket"


def test_a_background_task_does_not_extend_the_span(shop: Service) -> None:
    shop.client.get("/later")

    (span,) = shop.server_spans(1)
    assert span.end_time_unix_nano - span.start_time_unix_nano < 900_000_000


def test_a_secret_in_the_query_is_redacted(shop: Service) -> None:
    shop.client.get("/items/1?password=hunter2&page=3")

    (span,) = shop.server_spans(1)
    assert attributes(span)["url.query"] == "password=REDACTED&page=3"


def test_the_trace_of_a_request_is_an_exemplar_of_its_duration(shop: Service) -> None:
    shop.client.get("/house/shelves/1", headers=PARENT)

    buckets = [line for line in shop.metrics() if "{shelf_id}" in line and "# {" in line]
    assert 'trace_id="0af7651916cd43dd8448eb211c80319c"' in buckets[0]


def test_a_requested_route_exports_failures_as_zero(shop: Service) -> None:
    shop.client.get("/items/1")

    text = "\n".join(shop.metrics())
    failures = re.search(
        r'_duration_seconds_count\{error_type="500",http_request_method="GET",'
        r'http_response_status_code="500",http_route="/items/\{item_id\}"\} (\S+)',
        text,
    )
    assert failures is not None
    assert float(failures[1]) == 0.0


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/boom"), ("PURGE", "/items/1")])
def test_a_route_without_a_handler_for_the_method_exports_no_zeros(
    shop: Service, method: str, path: str
) -> None:
    assert shop.client.request(method, path).status_code == 405

    label = "_OTHER" if method == "PURGE" else method
    found = [line for line in shop.metrics() if '_count{error_type="' in line and label in line]
    assert [line.rsplit(" ", 1)[1] for line in found] == ["1.0"]


def test_unknown_paths_create_no_series(shop: Service) -> None:
    shop.client.get("/nowhere/1")
    shop.client.request("PURGE", "/nowhere/2")
    before = len(shop.metrics())

    shop.client.get("/nowhere/3")
    shop.client.request("UNLINK", "/nowhere/4")

    assert len(shop.metrics()) == before


def test_no_span_is_lost_at_sigterm(collector: Collector) -> None:
    with running("plain", collector, OTEL_BSP_SCHEDULE_DELAY="60000") as service:
        service.client.get("/items/1")
        service.client.get("/items/2")

    assert len(collector.spans) == 2


def test_the_trace_of_an_unsampled_caller_is_not_recorded(shop: Service) -> None:
    shop.client.get("/items/1", headers={"traceparent": PARENT["traceparent"][:-2] + "00"})
    shop.client.get("/items/2")

    (span,) = shop.server_spans(1)
    assert attributes(span)["url.path"] == "/items/2"


def test_a_disabled_sdk_exports_only_metrics(collector: Collector) -> None:
    with running("plain", collector, OTEL_SDK_DISABLED="true") as service:
        service.client.get("/items/1")

        assert any("/items/{item_id}" in line for line in service.metrics())
    assert collector.spans == []


def test_the_process_exports_runtime_metrics(shop: Service) -> None:
    def delays() -> float:
        (count,) = (line for line in shop.metrics() if line.startswith(DELAYS))
        return float(count.removeprefix(DELAYS))

    until(lambda: delays() > 0, within_seconds=30)

    samples = shop.metrics()
    assert "anyio_worker_threads_limit 40.0" in samples
    assert any(line.startswith("process_resident_memory_bytes ") for line in samples)
    assert any(line.startswith('python_gc_pause_seconds_count{generation="2"}') for line in samples)


def test_the_metrics_page_is_served_below_the_root_path(collector: Collector) -> None:
    with running("plain", collector, options=("--root-path", "/api")) as service:
        service.client.get("/items/1")

        (span,) = service.server_spans(1)
    assert span.name == "GET /items/{item_id}"


def test_a_server_without_lifespans_starts_the_telemetry_with_its_first_request(
    collector: Collector,
) -> None:
    with running("plain", collector, options=("--lifespan", "off")) as service:
        service.client.get("/items/1")

        measured = re.compile(r"asyncio_event_loop_delay_seconds_count [1-9]")
        until(lambda: any(map(measured.match, service.metrics())), within_seconds=10)
