"""The files of both ways to run have the services and calls of `demo_services/services.toml`."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo_services.graph import CALLS, RPC_CALLS, RPC_SERVERS, target_variable, url_variable
from sightline.artifacts import COMPOSE_FILE, PROMETHEUS, ROOT
from sightline.config import Config
from sightline.local import demo

PORTS = dict(Config.from_env({}).ports)
COMMANDS = {"configuration"}
"""Packages of the demo with a command that is no service."""
SECURE = ROOT / "deploy/compose/secure.yml"


def services(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    return {name: found[name] for name in found if name in CALLS}


def peers(service: dict[str, Any]) -> set[str]:
    """Return the variables with base URLs of peers in the environment of *service*."""
    urls = {url_variable(peer) for peer in CALLS}
    return {variable for variable in service.get("environment", {}) if variable in urls}


def test_the_supervisor_reads_the_same_calls() -> None:
    assert demo.CALLS == CALLS
    assert {name: demo.RPC_CALLS.get(name, ()) for name in CALLS} == RPC_CALLS
    assert demo.RPC_SERVERS == RPC_SERVERS


def test_compose_starts_each_service_in_the_order_of_the_table() -> None:
    assert list(services(COMPOSE_FILE)) == list(CALLS)


@pytest.mark.parametrize("file", [COMPOSE_FILE, SECURE], ids=lambda file: file.name)
def test_compose_sets_the_urls_of_the_services_that_a_service_calls(file: Path) -> None:
    found = {name: peers(service) for name, service in services(file).items()}

    assert found == {name: set(map(url_variable, CALLS[name])) for name in found}


def test_compose_sets_the_targets_of_the_services_that_a_service_calls_by_grpc() -> None:
    targets = {target_variable(peer): peer for peer in CALLS}

    found = {
        name: {targets[variable] for variable in service["environment"] if variable in targets}
        for name, service in services(COMPOSE_FILE).items()
    }

    assert found == {name: set(peers) for name, peers in RPC_CALLS.items()}


def test_compose_sets_the_port_of_each_grpc_server() -> None:
    ports = {
        name: service["environment"]["GRPC_PORT"]
        for name, service in services(COMPOSE_FILE).items()
        if "GRPC_PORT" in service["environment"]
    }

    assert ports == {name: str(PORTS[f"{name}_grpc"]) for name in RPC_SERVERS}


def test_each_service_is_scraped() -> None:
    targets = json.loads((PROMETHEUS / "targets/services.json").read_text(encoding="utf-8"))

    assert [target["labels"]["job"] for target in targets] == list(CALLS)


def test_each_service_is_a_package() -> None:
    programs = {path.parent.name for path in (ROOT / "demo_services").glob("*/__main__.py")}

    assert programs - COMMANDS == set(CALLS)
