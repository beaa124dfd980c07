"""Middleware of the gateway: access log, limit of bodies, limits of requests."""

import json
import socket
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo_services.gateway.middleware import MAX_BODY_BYTES
from tests.integration.demo_services.conftest import Service, Start, lone_gateway
from tests.waiting import until

INVALID_ORDER = {"user_id": 0}
PLACE_ORDER_BURST = 300
"""Quota in `demo_services/configuration/files/gateway.yml`."""


@pytest.fixture(scope="module")
def gateway(start: Start) -> Service:
    return lone_gateway(start)


def access_log(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        if entry["message"] == "request":
            yield entry


def decisions(gateway: Service, policy: str) -> dict[str, float]:
    """Return the counted decisions of *policy* by result."""
    counted = gateway.samples("rate_limiter_requests_total")
    return {
        result: counted[f'{{policy="{policy}",result="{result}"}}']
        for result in ("allowed", "rejected")
    }


def test_a_client_beyond_its_quota_is_told_when_to_retry(start: Start) -> None:
    gateway = lone_gateway(start)
    with httpx.Client(base_url=gateway.url, headers=gateway.token()) as client:
        answers = [
            client.post("/api/orders", json=INVALID_ORDER) for _ in range(PLACE_ORDER_BURST + 50)
        ]

    first, last = answers[0], answers[-1]
    assert first.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert first.headers["ratelimit-limit"] == "300"
    assert first.headers["ratelimit-remaining"] == "299"
    assert last.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert last.headers["ratelimit-remaining"] == "0"
    assert 1 <= int(last.headers["retry-after"]) <= 20
    assert "place_order" in last.json()["detail"]
    counted = decisions(gateway, "place_order")
    assert counted["allowed"] + counted["rejected"] == len(answers)
    assert counted["rejected"] == [a.status_code for a in answers].count(429)
    assert decisions(gateway, "client") == {"allowed": len(answers), "rejected": 0}
    assert '"429"' in gateway.get("/metrics").text  # http_server_request_duration_seconds


def test_probes_have_no_limit(gateway: Service) -> None:
    assert "ratelimit-limit" not in gateway.get("/healthz").headers


def test_a_body_that_is_declared_too_large_is_refused(gateway: Service) -> None:
    body = b" " * (MAX_BODY_BYTES + 1)

    answer = httpx.post(f"{gateway.url}/api/orders", content=body)

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert answer.json() == {"detail": "the body has more than 65536 bytes"}


def test_a_body_without_declared_size_is_refused_once_it_is_too_large(gateway: Service) -> None:
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    token = gateway.token()["authorization"]
    head = (
        "POST /api/orders HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: {token}\r\ntransfer-encoding: chunked\r\n\r\n"
    ).encode()
    port = int(gateway.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(head + chunk * 17)
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_the_largest_allowed_body_is_read(gateway: Service) -> None:
    order = json.dumps(INVALID_ORDER).encode()

    answer = httpx.post(
        f"{gateway.url}/api/orders",
        content=order.ljust(MAX_BODY_BYTES),
        headers=gateway.token(),
    )

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_the_access_log_names_the_route_and_not_the_query(gateway: Service) -> None:
    route = "/api/users/{user_id}/orders"

    gateway.get("/api/users/7/orders?token=secret")

    entry = until(
        lambda: {entry["route"]: entry for entry in access_log(gateway.log)}[route],
        within_seconds=10,
    )
    assert (entry["method"], entry["status"]) == ("GET", HTTPStatus.SERVICE_UNAVAILABLE)
    assert entry["trace_id"]
    assert "secret" not in gateway.log.read_text()
