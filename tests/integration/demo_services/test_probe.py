"""Health check command of a container."""

import subprocess
import sys

import pytest

from sightline.artifacts import ROOT
from tests.integration.demo_services.conftest import Start
from tests.integration.demo_services.test_answers import AWAY
from tests.waiting import until


def probe(url: str) -> int:
    """Return the exit status of the command in docker-compose.yml."""
    command = [sys.executable, "-m", "demo_services.probe", url]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_ready_service_is_healthy(start: Start) -> None:
    users = start("users")

    assert probe(f"{users.url}/readyz") == 0


def test_a_service_without_its_peer_is_unhealthy(start: Start) -> None:
    orders = start("orders", ready=False, **AWAY)
    until(orders.alive, within_seconds=60)

    assert probe(f"{orders.url}/readyz") == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/readyz", "http://unknown.invalid:80/"])
def test_a_closed_port_is_unhealthy(url: str) -> None:
    assert probe(url) == 1
