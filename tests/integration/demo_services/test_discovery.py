"""Calls balanced over two instances of users, while instances and the registry come and go."""

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx
import pytest

from tests.fakes import Collector
from tests.integration.demo_services.conftest import Service, Start, calling, running
from tests.ports import free_ports
from tests.waiting import until

WITHIN_SECONDS = 60.0
CLIENTS = 4
RPC_CALLS = "rpc_server_call_duration_seconds_count"
HTTP_CALLS = "http_server_request_duration_seconds_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Shop with two instances of users that share their database."""

    control: Service
    one: Service
    two: Service
    orders: Service
    gateway: Service

    @property
    def users(self) -> tuple[Service, Service]:
        return self.one, self.two

    def registered(self) -> Counter[str]:
        """Return the number of serving instances by service."""
        services = self.control.get("/v1/catalog/services").json()
        return Counter(
            {
                name: len(self.control.get(f"/v1/health/service/{name}?passing").json())
                for name in services
            }
        )

    def is_complete(self) -> bool:
        expected = {"control": 1, "gateway": 1, "orders": 1, "users": 2}
        return self.registered() == expected and self.is_balanced()

    def critical(self) -> float:
        series = self.control.samples("service_registry_instances")
        return series['{service="users",status="critical"}']

    def is_balanced(self) -> bool:
        """Tell whether both instances of users get calls of both kinds."""
        before = [calls(one) for one in self.users]
        for number in range(1, 9):
            self.gateway.get(f"/api/users/{number}")
            self.gateway.get("/api/orders/7")
        return all(
            after[kind] > before[kind]
            for before, after in zip(before, map(calls, self.users), strict=True)
            for kind in ("http", "rpc")
        )


def calls(users: Service) -> dict[str, float]:
    """Return the requests that an instance of users has answered, by protocol."""
    http = users.samples(HTTP_CALLS)
    asked = sum(count for labels, count in http.items() if "/users/{user_id}" in labels)
    return {"http": asked, "rpc": sum(users.samples(RPC_CALLS).values())}


@pytest.fixture
def fleet(start: Start, tmp_path: Path) -> Iterator[Fleet]:
    (port,) = free_ports(1)
    registry = f"http://127.0.0.1:{port}"
    environ = {
        "REGISTRY_URL": registry,
        "HEALTH_CHECK_SECONDS": "1",
        "BUS_URL": f"sqlite:///{tmp_path}/bus.db",
    }
    data = {"DATABASE_URL": f"sqlite:///{tmp_path}/users.db"}
    one, two = (start("users", ready=False, **environ, **data) for _ in range(2))
    orders = start("orders", ready=False, **calling(one), **environ)
    gateway = start("gateway", ready=False, **calling(one), ORDERS_URL=orders.url, **environ)
    control = start("control", PORT=str(port), **environ)
    until(gateway.ready, within_seconds=WITHIN_SECONDS)
    found = Fleet(control=control, one=one, two=two, orders=orders, gateway=gateway)
    until(found.is_complete, within_seconds=WITHIN_SECONDS)
    yield found
    for service in (gateway, orders, two, one, control):
        service.process.kill()


@dataclass(frozen=True, slots=True)
class Asked:
    """Response, or its absence, and when it was sent."""

    at: float
    status_code: int


def ask_until(fleet: Fleet, end: float) -> list[Asked]:
    """Send requests one after the other that need users, by HTTP and by gRPC."""
    asked = []
    token = fleet.gateway.token()
    with httpx.Client(base_url=fleet.gateway.url, headers=token, timeout=10) as client:
        while monotonic() < end:
            for number in (3, 7):
                at = monotonic()
                asked.append(Asked(at, client.get(f"/api/users/{number}").status_code))
                order = {"user_id": number, "product": "tea", "quantity": 1}
                at = monotonic()
                asked.append(Asked(at, client.post("/api/orders", json=order).status_code))
    return asked


@pytest.mark.parametrize(
    ("sent", "targets"),
    [(signal.SIGKILL, 2), (signal.SIGTERM, 1)],
    ids=["killed", "stopped"],
)
def test_an_instance_that_ends_fails_no_request_but_those_in_flight(
    fleet: Fleet, sent: signal.Signals, targets: int
) -> None:
    began = monotonic()

    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask_until, fleet, began + 4.0) for _ in range(CLIENTS)]
        until(lambda: monotonic() > began + 1.0, within_seconds=10)
        fleet.two.process.send_signal(sent)
        ended = monotonic()
        asked = [each for one in asking for each in one.result()]

    failed = [each for each in asked if each.status_code >= 500]
    assert len(failed) <= CLIENTS
    assert all(each.at <= ended for each in failed)
    assert {each.status_code for each in asked if each.at > ended} == {200, 201}
    until(lambda: fleet.registered()["users"] == 1, within_seconds=WITHIN_SECONDS)
    assert len(fleet.control.get("/sd?service=users").json()[0]["targets"]) == targets
    assert fleet.critical() == targets - 1


def test_lists_are_kept_without_the_registry_and_instances_return_to_a_new_one(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.control.process.kill()
    fleet.control.process.wait()
    port = fleet.control.url.rpartition(":")[2]

    until(lambda: list_age(fleet.gateway) > 1.0, within_seconds=WITHIN_SECONDS)
    assert fleet.is_balanced()
    environ = {"PORT": port, "REGISTRY_URL": fleet.control.url}
    with running("control", tmp_path, **environ) as control:
        until(control.ready, within_seconds=WITHIN_SECONDS)
        until(fleet.is_complete, within_seconds=WITHIN_SECONDS)
        until(lambda: list_age(fleet.gateway) < 15.0, within_seconds=WITHIN_SECONDS)
    assert registrations(fleet.one)['{result="success"}'] == 2.0


def list_age(service: Service) -> float:
    return service.samples("service_registry_list_age_seconds")['{service="users"}']


def registrations(service: Service) -> dict[str, float]:
    return service.samples("service_registry_registrations_total")


def test_the_registry_is_in_no_trace_and_in_no_metric_of_calls(
    fleet: Fleet, collector: Collector
) -> None:
    fleet.gateway.get("/api/orders/7")

    def spans() -> set[str]:
        return {span.name for span in collector.spans}

    until(lambda: "GET /api/orders/{order_id}" in spans(), within_seconds=WITHIN_SECONDS)
    assert not [name for name in spans() if "/v1/" in name and "register" not in name]
    assert not [
        labels
        for service in (fleet.gateway, fleet.orders)
        for labels in service.samples("http_client_request_duration_seconds_count")
        if f'server_port="{fleet.control.url.rpartition(":")[2]}"' in labels
    ]


def test_a_service_starts_and_serves_without_its_registry(start: Start) -> None:
    users = start("users", REGISTRY_URL="http://127.0.0.1:9")

    assert users.get("/users/7").status_code == 200
    until(lambda: registrations(users)['{result="failure"}'] >= 1.0, within_seconds=WITHIN_SECONDS)
