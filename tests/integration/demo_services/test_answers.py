"""Responses of the shop, with and without faults."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.freezing import freeze
from tests.integration.demo_services.conftest import Service, Shop, Start, calling
from tests.ports import free_ports
from tests.waiting import until

AWAY = {"USERS_URL": "http://127.0.0.1:9", "USERS_GRPC_TARGET": "127.0.0.1:9"}
"""Addresses at which users is not."""

NEW_ORDER = {"user_id": 3, "product": "tea", "quantity": 2}


@contextmanager
def frozen(service: Service) -> Iterator[None]:
    freeze(service.process.pid)
    yield
    service.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("/api/orders/7", 200),
        ("/api/users/7", 200),
        ("/api/users/7/orders", 200),
        ("/api/users/7/orders?naive=true", 200),
        ("/api/report/7", 200),
        ("/api/orders/100000", 404),
        ("/api/users/100000", 404),
        ("/api/orders/seven", 422),
        ("/api/orders/1abc", 422),
        ("/api/orders/0", 422),
        ("/api/orders/99999999999999999999", 422),
        ("/api/orders/13", 502),
        ("/nowhere", 404),
    ],
)
def test_the_gateway_responds(shop: Shop, path: str, status_code: int) -> None:
    assert shop.gateway.get(path).status_code == status_code


def test_an_order_contains_its_user(shop: Shop) -> None:
    order = shop.gateway.get("/api/orders/7").json()

    assert order["id"] == 7
    assert order["user"] == shop.gateway.get(f"/api/users/{order['user_id']}").json()


def test_the_naive_list_equals_the_other_list(shop: Shop) -> None:
    batched = shop.gateway.get("/api/users/7/orders").json()

    assert shop.gateway.get("/api/users/7/orders?naive=true").json() == batched


def test_a_placed_order_can_be_read(shop: Shop) -> None:
    placed = shop.gateway.post("/api/orders", NEW_ORDER)

    assert placed.status_code == 201
    assert shop.gateway.get(f"/api/orders/{placed.json()['id']}").json()["quantity"] == 2


@pytest.mark.parametrize(
    ("change", "status_code"), [({"user_id": 100_000}, 404), ({"product": "gold"}, 422)]
)
def test_an_invalid_order_is_rejected(
    shop: Shop, change: dict[str, object], status_code: int
) -> None:
    refused = shop.gateway.post("/api/orders", {**NEW_ORDER, **change})

    assert refused.status_code == status_code
    assert refused.json()["detail"]


def test_an_order_of_a_deleted_user_fails_in_orders(shop: Shop) -> None:
    assert shop.orders.get("/orders/13").status_code == 500
    assert shop.gateway.get("/api/orders/13").json() == {"detail": "orders answered 500"}


def test_an_order_is_degraded_while_users_is_frozen(shop: Shop) -> None:
    fresh = shop.gateway.get("/api/orders/7")

    with frozen(shop.users):
        degraded = shop.gateway.get("/api/orders/7")

    assert "x-degraded" not in fresh.headers
    assert (degraded.status_code, degraded.headers["x-degraded"]) == (200, "users")
    assert degraded.json() == {**fresh.json(), "user_is_stale": True}
    assert 'degraded_responses_total{dependency="users"}' in shop.orders.get("/metrics").text


def test_a_frozen_service_causes_a_timeout(shop: Shop) -> None:
    shop.gateway.token()  # fetched before, and kept

    with frozen(shop.users):
        slow = shop.gateway.post("/api/orders", NEW_ORDER)

    assert slow.status_code in {502, 504}
    assert shop.orders.get("/orders/7").json()["user_is_stale"] is False


def test_orders_never_read_are_degraded_while_users_is_down_unless_their_user_is_unknown(
    start: Start,
) -> None:
    users = start("users")
    orders = start("orders", **calling(users))
    port = users.target.rpartition(":")[2]

    users.stop()
    known = orders.get("/orders/7")
    unknown = orders.get("/orders/13")
    start("users", GRPC_PORT=port)

    assert (known.status_code, known.headers["x-degraded"]) == (200, "users")
    assert (unknown.status_code, unknown.json()["detail"]) == (503, "users is not available")
    assert until(orders.ready, within_seconds=60)
    assert orders.get("/orders/7").status_code == 200


def restartable(folder: Path) -> dict[str, str]:
    """Return the variables of users, with which it starts again as the same issuer of tokens."""
    port, grpc_port = map(str, free_ports(2))
    database = f"sqlite:///{folder}/users.db"
    return {"PORT": port, "GRPC_PORT": grpc_port, "DATABASE_URL": database}


def test_a_breaker_opens_while_users_is_down_and_closes_when_it_is_back(
    start: Start, tmp_path: Path
) -> None:
    again = restartable(tmp_path)
    users = start("users", **again)
    orders = start("orders", **calling(users))
    assert orders.post("/orders", NEW_ORDER).status_code == 201
    orders.get("/orders/7")

    users.stop()
    degraded = [orders.get("/orders/7").headers["x-degraded"] for _ in range(20)]
    placed = orders.post("/orders", NEW_ORDER)

    assert degraded == ["users"] * 20
    assert (placed.status_code, placed.json()["detail"]) == (503, "users is not available")
    assert has_state(orders, "open")
    start("users", **again)
    until(lambda: orders.post("/orders", NEW_ORDER).status_code == 201, within_seconds=60)
    assert has_state(orders, "closed")


def has_state(orders: Service, state: str) -> bool:
    return (
        f'circuit_breaker_state{{name="users",state="{state}"}} 1.0' in orders.get("/metrics").text
    )


def test_orders_survive_a_restart(start: Start, tmp_path_factory: pytest.TempPathFactory) -> None:
    database = f"sqlite:///{tmp_path_factory.mktemp('data')}/orders.db"
    users = start("users")
    before = start("orders", **calling(users), DATABASE_URL=database)
    placed = before.post("/orders", NEW_ORDER).json()

    status = before.stop()
    after = start("orders", **calling(users), DATABASE_URL=database)

    assert status == -signal.SIGTERM
    assert after.get(f"/orders/{placed['id']}").json()["product"] == "tea"


def test_an_order_counts_for_the_user_and_a_new_name_reaches_orders(
    start: Start, tmp_path: Path
) -> None:
    bus = {"BUS_URL": f"sqlite:///{tmp_path}/bus.db"}
    users = start("users", **bus)
    orders = start("orders", **calling(users), **bus)

    orders.post("/orders", NEW_ORDER)
    users.send("PUT", "/users/3", {"name": "Kai"})

    counted = {"user_id": 3, "orders": 1, "points": 9}
    until(lambda: users.get("/users/3/loyalty").json() == counted, within_seconds=30)
    until(lambda: orders.get("/customers/3").json()["name"] == "Kai", within_seconds=30)
    assert orders.get("/customers/99").status_code == 404
    assert orders.get("/dead-letters").json() == []


def test_a_service_without_its_peer_starts_but_is_not_ready(start: Start) -> None:
    orders = start("orders", ready=False, **AWAY)

    until(orders.alive, within_seconds=60)

    assert orders.get("/readyz").status_code == 503
    assert orders.get("/readyz").json() == {"database": True, "events": True, "users": False}


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORT", "eighty", "PORT='eighty': expected a TCP port, like 8000"),
        ("USERS_GRPC_TARGET", "", "USERS_GRPC_TARGET is not set: `make up` sets it from .env"),
    ],
)
def test_an_invalid_variable_prevents_the_start(
    start: Start, variable: str, value: str, message: str
) -> None:
    environ = {**AWAY, variable: value, "PORT": "8000"}
    orders = start("orders", ready=False, **{**environ, variable: value})

    assert orders.process.wait(timeout=60) == 1
    assert orders.log.read_text().splitlines()[-1] == message


def test_a_log_line_contains_its_trace_id(shop: Shop) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    placed = shop.gateway.post(
        "/api/orders", NEW_ORDER, traceparent=f"00-{trace_id}-00f067aa0ba902b7-01"
    )

    lines = [json.loads(line) for line in shop.orders.log.read_text().splitlines()]
    placings = [line for line in lines if line["message"] == "order placed"]
    (line,) = [line for line in placings if line["order_id"] == placed.json()["id"]]
    assert line["trace_id"] == trace_id
    assert len(line["span_id"]) == 16


def test_every_service_exposes_its_metrics(shop: Shop) -> None:
    shop.gateway.get("/api/orders/7")

    pages = [httpx.get(f"{service.url}/metrics").text for service in (shop.gateway, shop.users)]

    assert 'http_route="/api/orders/{order_id}"' in pages[0]
    assert 'http_route="/users/{user_id}"' in pages[1]
    assert "readyz" not in "".join(pages)
