"""Overlay full.yml: the services use PostgreSQL, NATS and Valkey."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sightline.artifacts import COMPOSE_FILE, ROOT
from tests.docker.conftest import PUBLISHED
from tests.docker.engine import LAB, STAND_INS, Project
from tests.ports import free_ports
from tests.tokens import bearer
from tests.waiting import until

OVERLAY = ROOT / "deploy" / "compose" / "full.yml"
SERVERS = ("nats", "postgres", "valkey")
ORDER = {"user_id": 3, "product": "tea", "quantity": 2}


@pytest.fixture(scope="module")
def full(env_file: Path) -> Iterator[Project]:
    """Healthy stack with the overlay."""
    stand_ins = (STAND_INS, STAND_INS.with_name("stand-ins-full.yml")) if LAB.exists() else ()
    ports = dict(zip(PUBLISHED, map(str, free_ports(len(PUBLISHED))), strict=True))
    project = Project(
        name=f"sightline-full-{os.getpid()}",
        files=(COMPOSE_FILE, OVERLAY, *stand_ins),
        env_file=env_file,
        environ={**ports, "TRAFFIC_RATE": "5"},
    )
    with project.running():
        yield project


def test_an_order_is_counted_by_users_through_the_servers(full: Project) -> None:
    gateway = f"http://127.0.0.1:{full.environ['GATEWAY_PORT']}"
    asked = (
        "python",
        "-c",
        "import urllib.request as r; print(r.urlopen(LOYALTY).read().decode())",
    )
    ask = [word.replace("LOYALTY", "'http://127.0.0.1:8002/users/3/loyalty'") for word in asked]

    placed = httpx.post(f"{gateway}/api/orders", json=ORDER, headers=bearer(gateway), timeout=10)

    assert placed.status_code == 201
    until(lambda: '"orders":0' not in full.compose("exec", "-T", "users", *ask), within_seconds=60)


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_is_healthy_and_reached_by_its_clients_alone(full: Project, server: str) -> None:
    container = full.inspect(server)

    (network,) = container["NetworkSettings"]["Networks"]
    assert container["State"]["Health"]["Status"] == "healthy"
    assert network.rpartition("_")[2] in {"databases", "events", "limits"}
    assert container["HostConfig"]["PortBindings"] in ({}, None)


def test_the_metrics_name_the_servers(full: Project) -> None:
    prometheus = f"http://127.0.0.1:{full.environ['PROMETHEUS_PORT']}/api/v1/query"

    def systems(metric: str, label: str) -> set[str]:
        query = {"query": f"count by ({label}) ({metric})"}
        found = httpx.get(prometheus, params=query, timeout=10).json()["data"]["result"]
        return {series["metric"][label] for series in found}

    lag = ("messaging_consumer_lag", "messaging_system")
    database = ("db_client_operation_duration_seconds_count", "db_system_name")
    until(lambda: systems(*lag) == {"nats"}, within_seconds=60)
    until(lambda: systems(*database) == {"postgresql"}, within_seconds=60)


@pytest.mark.parametrize("server", SERVERS)
def test_the_shop_is_healthy_again_after_a_server_was_killed(full: Project, server: str) -> None:
    full.kill(server)

    def healthy(service: str) -> bool:
        health: str = full.inspect(service)["State"]["Health"]["Status"]
        return health == "healthy"

    for service in (server, "users", "orders", "gateway"):
        until(lambda: healthy(service), within_seconds=90)  # noqa: B023
