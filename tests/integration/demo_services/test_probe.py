"""The health check of a container, as Docker runs it."""

import subprocess
import sys

import pytest

from sightline.artefacts import ROOT
from tests.integration.demo_services.conftest import Start
from tests.waiting import until


def probe(url: str) -> int:
    """Exit status of the command in docker-compose.yml."""
    command = [sys.executable, "-m", "demo_services.probe", url]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_ready_service_is_healthy(start: Start) -> None:
    users = start("users")

    assert probe(f"{users.url}/readyz") == 0


def test_a_service_that_misses_a_neighbour_is_not(start: Start) -> None:
    orders = start("orders", ready=False, USERS_URL="http://127.0.0.1:9")
    until(orders.alive, within_seconds=60)

    assert probe(f"{orders.url}/readyz") == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/readyz", "http://unknown.invalid:80/"])
def test_nobody_there_is_not_healthy(url: str) -> None:
    assert probe(url) == 1
