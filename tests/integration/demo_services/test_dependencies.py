"""Calls to dependencies in spans and metrics, as the rules of dependencies read them."""

from tests.fakes import Collector
from tests.integration.demo_services.conftest import Shop, Start, lone_gateway
from tests.waiting import until


def test_a_call_over_grpc_has_the_labels_of_a_dependency(shop: Shop) -> None:
    shop.orders.get("/orders/7")

    calls = shop.orders.samples("rpc_client_call_duration_seconds_count")
    host, port = shop.users.target.split(":")
    (labels,) = [labels for labels in calls if "GetUser" in labels]
    assert f'server_address="{host}"' in labels
    assert f'server_port="{port}"' in labels
    assert 'rpc_system_name="grpc"' in labels


def test_a_read_of_a_service_that_is_gone_is_repeated_once(
    start: Start, collector: Collector
) -> None:
    gateway = lone_gateway(start)

    gone = gateway.get("/api/orders/7", traceparent=f"00-{'5' * 32}-{'7' * 16}-01")

    labels = '{http_request_method="GET",server_address="127.0.0.1",server_port="9"}'
    assert gone.status_code == 503
    assert gateway.samples("http_client_request_resends_total") == {labels: 1}
    calls = until(lambda: attempts(collector, "5" * 32), within_seconds=30)
    assert sorted(calls) == [0, 1]


def test_an_order_is_not_placed_twice(start: Start) -> None:
    gateway = lone_gateway(start)

    gateway.post("/api/orders", {"user_id": 3, "product": "tea", "quantity": 2})

    assert gateway.samples("http_client_request_resends_total") == {}


def attempts(collector: Collector, trace_id: str) -> list[int]:
    """Return the number of earlier attempts of each call in the trace, once both are there."""
    calls = [
        {attribute.key: attribute.value.int_value for attribute in span.attributes}
        for span in collector.spans
        if span.trace_id.hex() == trace_id and span.kind == span.SPAN_KIND_CLIENT
    ]
    return [call.get("http.request.resend_count", 0) for call in calls] if len(calls) > 1 else []
