"""Registry under input that no client should send."""

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from demo_services.probe import answers
from demo_services.registry.catalog import MAX_INSTANCES, MAX_WAITERS
from demo_services.registry.routes import MAX_BODY_BYTES
from demo_services.server import STOP_WITHIN_SECONDS
from sightline import binaries
from sightline.config import Config
from tests.integration.demo_services.conftest import Service, Start
from tests.ports import free_ports
from tests.waiting import until

REGISTER = "/v1/agent/service/register"
WITHIN_SECONDS = 60.0


@pytest.fixture(scope="module")
def control(start: Start) -> Service:
    """Registry in which nothing is registered."""
    return start("control")


@pytest.fixture
def fresh(start: Start) -> Service:
    """Registry of one test."""
    return start("control")


def put(service: Service, path: str, content: bytes = b"") -> httpx.Response:
    return httpx.put(f"{service.url}{path}", content=content, timeout=30)


def register(service: Service, **body: object) -> httpx.Response:
    return put(service, REGISTER, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("content", "status_code"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"Name": "users"}', 400),
        (b"[" * 50_000, 400),
        (b'{"Name": "\xff"}', 400),
        (b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_an_invalid_body_is_rejected(control: Service, content: bytes, status_code: int) -> None:
    answer = put(control, REGISTER, content)

    assert answer.status_code == status_code
    assert "expected" in answer.text or "required" in answer.text
    assert control.get("/v1/agent/services").json() == {}


def test_thousands_of_registrations_are_bounded(fresh: Service) -> None:
    with httpx.Client(base_url=fresh.url, timeout=30) as client:
        answers = [
            client.put(REGISTER, json={"Name": f"s{number}", "Port": 9}).status_code
            for number in range(2 * MAX_INSTANCES)
        ]
        series = client.get("/metrics").text.count("\nservice_registry_instances{")

    assert (answers.count(200), answers.count(503)) == (MAX_INSTANCES, MAX_INSTANCES)
    assert len(fresh.get("/v1/agent/services").json()) == MAX_INSTANCES
    assert series == 2 * MAX_INSTANCES


def test_a_service_without_instances_has_no_series(fresh: Service) -> None:
    register(fresh, Name="users", ID="one", Port=9)
    before = fresh.samples("service_registry_instances")

    put(fresh, "/v1/agent/service/deregister/one")

    assert before == {
        '{service="users",status="passing"}': 1.0,
        '{service="users",status="critical"}': 0.0,
    }
    assert fresh.samples("service_registry_instances") == {}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("index=-1", "index: expected a number"),
        ("index=99999999999999999999999", "index: expected a number"),
        ("index=1&wait=soon", "wait: 'soon': expected a duration, like 10s"),
        ("index=1&wait=9999h", "wait: '9999h': expected at most a day"),
        ("filter=x", "filter: this registry does not filter"),
        ("tag=x", "tag: this registry does not filter"),
    ],
)
def test_an_invalid_query_is_rejected(control: Service, query: str, expected: str) -> None:
    answer = control.get(f"/v1/health/service/users?{query}")

    assert (answer.status_code, answer.text.strip()) == (400, expected)


def status_code_of(control: Service, path: str) -> int:
    return control.get(path).status_code


@contextmanager
def waiting(control: Service, count: int) -> Iterator[None]:
    """Send blocking queries that wait, and give them up at the end of the block."""
    index = control.get("/v1/catalog/services").headers["x-consul-index"]
    url = f"{control.url}/v1/catalog/services?index={index}&wait=24h"
    limits = httpx.Limits(max_connections=count)

    def wait(client: httpx.Client) -> None:
        with client.stream("GET", url):
            pass

    with httpx.Client(timeout=5.0, limits=limits) as client, ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(wait, client) for _ in range(count)]
        yield
        register(control, Name="wake", Port=9)
        for each in asked:
            each.exception()


def test_too_many_waiting_queries_are_rejected_and_others_go_on(fresh: Service) -> None:
    with waiting(fresh, MAX_WAITERS):
        index = fresh.get("/v1/catalog/services").headers["x-consul-index"]
        path = f"/v1/health/service/users?index={index}&wait=100ms"
        until(lambda: status_code_of(fresh, path) == 429, within_seconds=4.0)
        rejected = fresh.get(path)
        meanwhile = fresh.get("/v1/agent/services").status_code

    assert rejected.headers["retry-after"] == "1"
    assert meanwhile == 200
    assert fresh.get(path).status_code == 200


def test_a_client_that_leaves_waits_no_longer(fresh: Service) -> None:
    index = fresh.get("/v1/catalog/services").headers["x-consul-index"]
    path = f"/v1/catalog/services?index={index}&wait=60s"

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{fresh.url}{path}", timeout=0.5)

    began = monotonic()
    fresh.stop()
    assert monotonic() - began < STOP_WITHIN_SECONDS


def test_queries_have_no_series(fresh: Service) -> None:
    fresh.get("/v1/health/service/users")
    fresh.get("/v1/agent/services")
    register(fresh, Name="users", Port=9)

    page = fresh.get("/metrics").text

    assert "/v1/health" not in page
    assert "/v1/agent/services" not in page
    assert 'http_route="/v1/agent/service/register"' in page


@contextmanager
def prometheus(folder: Path, port: int, control: Service) -> Iterator[None]:
    """Run Prometheus on *port* with the targets of the registry."""
    source = {"url": f"{control.url}/sd", "refresh_interval": "1s"}
    job = {"job_name": "services", "scrape_interval": "1s", "http_sd_configs": [source]}
    file = folder / "prometheus.yml"
    file.write_text(json.dumps({"scrape_configs": [job]}), encoding="utf-8")
    program = binaries.find("prometheus", Config.from_env(os.environ)).path
    command = [program, f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"]
    listen = f"--web.listen-address=127.0.0.1:{port}"
    process = subprocess.Popen([*map(str, command), listen, "--log.level=error"])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def up(port: int) -> set[tuple[str, str, str]]:
    """Return job, instance and value of every series `up`."""
    url = f"http://127.0.0.1:{port}/api/v1/query?query=up"
    found: list[dict[str, Any]] = httpx.get(url).json()["data"]["result"]
    return {(one["metric"]["job"], one["metric"]["instance"], one["value"][1]) for one in found}


def test_prometheus_scrapes_the_instances_of_the_registry(fresh: Service, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    own_port = int(fresh.url.rpartition(":")[2])
    register(fresh, Name="control", Address="127.0.0.1", Port=own_port)
    register(fresh, Name="users", Address="127.0.0.1", Port=9)
    expected = {("control", f"127.0.0.1:{own_port}", "1"), ("users", "127.0.0.1:9", "0")}

    with prometheus(tmp_path, port, fresh):
        until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), within_seconds=60)
        until(lambda: up(port) == expected, within_seconds=WITHIN_SECONDS)

    assert fresh.get("/sd?service=users").json() == [
        {"targets": ["127.0.0.1:9"], "labels": {"job": "users"}}
    ]
