"""Journeys on a running stack: a request becomes a trace, an exemplar, an alert."""

import re
import secrets

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.stacks import LocalStack
from tests.system.shop import Call, alerts, calls_v1, calls_v3, exemplars, links, order, traces_of
from tests.waiting import until

CHAIN = {Call("client", "gateway"), Call("gateway", "orders"), Call("orders", "users")}

ROOTED_CHAIN = CHAIN - {Call("client", "gateway")} | {Call("", "gateway")}

ALERT_WITHIN_SECONDS = 60.0
USERS_DOWN = ("ServiceDown", "users")


def test_every_role_is_healthy(stack: LocalStack) -> None:
    status = stack.sightline("status")

    assert status.returncode == 0
    assert status.stdout.count("healthy") == 9


def test_one_request_is_one_trace_over_three_services_by_v1(stack: LocalStack) -> None:
    trace_id = order(stack)

    assert until(lambda: calls_v1(stack, trace_id) == CHAIN, within_seconds=30)


def test_one_request_is_one_trace_over_three_services_by_v3(stack: LocalStack) -> None:
    trace_id = order(stack)

    assert until(lambda: calls_v3(stack, trace_id) == CHAIN, within_seconds=30)


def test_the_trace_of_a_request_is_an_exemplar_in_prometheus(stack: LocalStack) -> None:
    query = 'http_server_request_duration_seconds_bucket{job="gateway"}'
    asked = set()

    def kept() -> set[str]:
        asked.add(order(stack))
        return asked & exemplars(stack, query)

    trace_id = until(kept, within_seconds=30, every_seconds=0.5).pop()

    assert until(lambda: calls_v1(stack, trace_id) == CHAIN, within_seconds=30)


def test_a_malformed_traceparent_starts_a_new_trace(stack: LocalStack) -> None:
    caller = f"caller/{secrets.token_hex(4)}"
    theirs = secrets.token_hex(16)
    headers = {"traceparent": f"00-{theirs}-{'0' * 16}-01", "User-Agent": caller}
    stack.ask("gateway", "/api/orders/1", headers=headers).raise_for_status()

    (trace_id,) = until(lambda: traces_of(stack, caller), within_seconds=30)

    assert trace_id != theirs
    assert until(lambda: calls_v1(stack, trace_id) == ROOTED_CHAIN, within_seconds=30)


def test_unknown_routes_share_one_bounded_series(stack: LocalStack) -> None:
    paths = [f"/no/such/{number}" for number in range(50)]

    answers = {stack.ask("gateway", path).status_code for path in paths}

    metrics = stack.ask("gateway", "/metrics").text
    unmatched = re.findall(r'duration_seconds_count.*"404",http_route="".', metrics)
    assert answers == {404}
    assert "/no/such" not in metrics
    assert len(unmatched) == 1


def test_a_malformed_body_is_refused_and_the_store_stays_intact(stack: LocalStack) -> None:
    trace_id = order(stack)
    protobuf = {"Content-Type": "application/x-protobuf"}

    refused = stack.ask(
        "otlp_http", "/v1/traces", method="POST", headers=protobuf, data=b"\xff\xfe no protobuf"
    )
    empty = ExportTraceServiceRequest().SerializeToString()
    accepted = stack.ask("otlp_http", "/v1/traces", method="POST", headers=protobuf, data=empty)

    assert refused.status_code == 400
    assert accepted.status_code == 200
    assert until(lambda: calls_v1(stack, trace_id) == CHAIN, within_seconds=30)


def test_a_killed_service_raises_an_alert_that_clears_after_up(stack: LocalStack) -> None:
    stack.kill("users")
    until(lambda: USERS_DOWN in alerts(stack), within_seconds=ALERT_WITHIN_SECONDS)
    assert "dead: was killed by SIGKILL" in stack.sightline("status").stdout
    assert links(stack, "ServiceDown") == {
        f"http://localhost:{stack.config.ports.grafana}",
        f"http://localhost:{stack.config.ports.control}",
    }

    stack.up("users")

    assert until(lambda: USERS_DOWN not in alerts(stack), within_seconds=ALERT_WITHIN_SECONDS)
    assert until(lambda: stack.sightline("status").returncode == 0, within_seconds=30)


def test_a_frozen_service_raises_an_alert_that_clears_after_the_thaw(stack: LocalStack) -> None:
    stack.freeze("users")
    until(lambda: USERS_DOWN in alerts(stack), within_seconds=ALERT_WITHIN_SECONDS)
    assert "does not answer" in stack.sightline("status").stdout

    stack.thaw("users")

    assert until(lambda: USERS_DOWN not in alerts(stack), within_seconds=ALERT_WITHIN_SECONDS)
    assert until(lambda: stack.sightline("status").returncode == 0, within_seconds=30)
