"""gRPC between the services: calls of every type, and what both sides record of failures."""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from demo_services.rpc import SERVICE
from tests.fakes import Collector
from tests.integration.demo_services.conftest import Service, Shop, Start, lone_gateway
from tests.integration.demo_services.test_traces import CALLER, spans_of
from tests.waiting import until

GET_USER = f"{SERVICE}/GetUser"
WATCH = f"{SERVICE}/WatchUsers"
IMPORT = f"{SERVICE}/ImportUsers"
WITHIN_SECONDS = 60


def statuses(collector: Collector, trace_id: str, procedure: str) -> dict[str, str]:
    """Return the status code of gRPC of each side of a call, by service."""
    return {
        service: attributes(span)["rpc.response.status_code"]
        for service, span in spans_of(collector, trace_id)
        if span.name == procedure
    }


def attributes(span: Span) -> dict[str, str]:
    return {item.key: item.value.string_value for item in span.attributes}


def counted(service: Service, side: str, procedure: str, status: str) -> bool:
    """Tell whether the metrics page of *service* has calls with *status*."""
    wanted = (f'rpc_method="{procedure}"', f'rpc_response_status_code="{status}"')
    counted = service.samples(f"rpc_{side}_call_duration_seconds_count")
    return any(all(text in labels for text in wanted) for labels in counted)


def trace(number: int) -> tuple[str, dict[str, str]]:
    """Return a trace id, and the header of a request that belongs to it."""
    trace_id = f"{number:032x}"
    return trace_id, {"traceparent": f"00-{trace_id}-{CALLER}-01"}


def test_a_watcher_receives_changes_from_the_start_of_the_watch_on(shop: Shop) -> None:
    url = f"{shop.gateway.url}/api/users/watch?seconds=20"
    with httpx.stream("GET", url, timeout=30) as watch:
        lines = watch.iter_lines()
        assert next(lines) == ": watching"

        shop.gateway.send("PUT", "/api/users/4", {"name": "Kai"})
        received = [next(lines) for _ in range(3)]

    assert watch.headers["content-type"].startswith("text/event-stream")
    assert received[1:] == ["event: user", 'data: {"id":4,"name":"Kai","tier":"plain"}']


def test_a_watch_ends_after_its_time(shop: Shop) -> None:
    assert shop.gateway.get("/api/users/watch?seconds=0.2").text == ": watching\n\n"


@pytest.mark.parametrize("seconds", ["0", "61", "nan", "soon"])
def test_an_endless_watch_is_rejected(shop: Shop, seconds: str) -> None:
    assert shop.gateway.get(f"/api/users/watch?seconds={seconds}").status_code == 422


def test_an_import_stores_the_names_of_existing_users(shop: Shop) -> None:
    users = [{"id": number, "name": "Lea", "tier": "plain"} for number in (2, 3, 999)]

    imported = shop.gateway.post("/api/users/import", users)

    assert imported.json() == {"imported": 2, "rejected": 1}
    assert shop.gateway.get("/api/users/2").json()["name"] == "Lea"


def test_a_sync_returns_the_users_that_differ(shop: Shop) -> None:
    current = shop.gateway.get("/api/users/6").json()
    stale = {**shop.gateway.get("/api/users/7").json(), "name": "old"}

    differing = shop.gateway.post("/api/users/sync", [current, stale]).json()

    assert differing == [shop.gateway.get("/api/users/7").json()]


def test_the_health_service_answers_and_is_not_recorded(shop: Shop) -> None:
    with grpc.insecure_channel(shop.users.target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=10)

    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert "grpc.health" not in shop.users.get("/metrics").text


@pytest.fixture
def broken(start: Start, tmp_path: Path) -> Iterator["Broken"]:
    """Users and gateway, and a function that runs a statement in the database of users."""
    file = tmp_path / "users.db"
    users = start("users", DATABASE_URL=f"sqlite:///{file}")
    peers = {"USERS_URL": users.url, "USERS_GRPC_TARGET": users.target, "ORDERS_URL": users.url}
    gateway = start("gateway", **peers)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield users, gateway, connection.execute


Broken = tuple[Service, Service, Callable[[str], object]]


def test_an_unhandled_error_is_an_error_on_both_sides(broken: Broken, collector: Collector) -> None:
    users, gateway, execute = broken
    trace_id, headers = trace(0xE1)
    execute("UPDATE users SET tier = x'ff'")  # no text

    answer = gateway.post("/api/users/import", [{"id": 1, "name": "A", "tier": "plain"}], **headers)

    assert (answer.status_code, answer.json()["detail"]) == (502, "users answered UNKNOWN")
    both = {"gateway": "UNKNOWN", "users": "UNKNOWN"}
    until(lambda: statuses(collector, trace_id, IMPORT) == both, within_seconds=WITHIN_SECONDS)
    assert counted(gateway, "client", IMPORT, "UNKNOWN")
    assert counted(users, "server", IMPORT, "UNKNOWN")


def test_an_unavailable_database_is_unavailable_on_both_sides(
    broken: Broken, collector: Collector
) -> None:
    users, gateway, execute = broken
    trace_id, headers = trace(0xE5)
    execute("DROP TABLE users")

    answer = gateway.post("/api/users/import", [{"id": 1, "name": "A", "tier": "plain"}], **headers)

    assert (answer.status_code, answer.json()["detail"]) == (503, "users is not available")
    both = {"gateway": "UNAVAILABLE", "users": "UNAVAILABLE"}
    until(lambda: statuses(collector, trace_id, IMPORT) == both, within_seconds=WITHIN_SECONDS)
    assert counted(gateway, "client", IMPORT, "UNAVAILABLE")
    assert counted(users, "server", IMPORT, "UNAVAILABLE")


def test_a_deadline_is_exceeded_on_both_sides(broken: Broken, collector: Collector) -> None:
    users, gateway, execute = broken
    trace_id, headers = trace(0xE2)
    execute("BEGIN IMMEDIATE")  # a rename waits for the end of this transaction

    answer = gateway.post("/api/users/import", [{"id": 1, "name": "A", "tier": "plain"}], **headers)
    execute("ROLLBACK")

    assert (answer.status_code, answer.json()["detail"]) == (504, "users did not answer in time")
    both = {"gateway": "DEADLINE_EXCEEDED", "users": "DEADLINE_EXCEEDED"}
    until(lambda: statuses(collector, trace_id, IMPORT) == both, within_seconds=WITHIN_SECONDS)
    assert counted(gateway, "client", IMPORT, "DEADLINE_EXCEEDED")
    assert counted(users, "server", IMPORT, "DEADLINE_EXCEEDED")


def test_a_client_that_leaves_cancels_the_stream_on_both_sides(
    shop: Shop, collector: Collector
) -> None:
    trace_id, headers = trace(0xE3)

    url = f"{shop.gateway.url}/api/users/watch?seconds=50"
    with httpx.stream("GET", url, headers=headers, timeout=30) as watch:
        next(watch.iter_lines())

    both = {"gateway": "CANCELLED", "users": "CANCELLED"}
    until(lambda: statuses(collector, trace_id, WATCH) == both, within_seconds=WITHIN_SECONDS)
    assert counted(shop.gateway, "client", WATCH, "CANCELLED")
    assert counted(shop.users, "server", WATCH, "CANCELLED")


def test_a_stream_whose_server_is_killed_ends_with_an_error(
    broken: Broken, collector: Collector
) -> None:
    users, gateway, _ = broken
    trace_id, headers = trace(0xE4)

    url = f"{gateway.url}/api/users/watch?seconds=50"
    with httpx.stream("GET", url, headers=headers, timeout=30) as watch:
        lines = watch.iter_lines()
        started = [next(lines), next(lines)]
        users.process.send_signal(signal.SIGKILL)
        rest = list(lines)

    assert started == [": watching", ""]
    assert rest == ["event: error", "data: users is not available", ""]
    lost = {"gateway": "UNAVAILABLE"}
    until(lambda: statuses(collector, trace_id, WATCH) == lost, within_seconds=WITHIN_SECONDS)
    assert counted(gateway, "client", WATCH, "UNAVAILABLE")


def test_users_that_is_away_is_unavailable(start: Start) -> None:
    gateway = lone_gateway(start)

    answers = [
        gateway.get("/api/users/watch?seconds=5"),
        gateway.post("/api/users/import", [{"id": 1, "name": "A", "tier": "plain"}]),
    ]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json()["detail"] == "users is not available"
