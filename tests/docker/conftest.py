"""Default stack on a real engine, shared by the session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artifacts import ENV_FILE
from sightline.environment import read_env_file
from tests.docker import engine
from tests.docker.engine import Project
from tests.ports import free_ports

PUBLISHED = (
    "GATEWAY_PORT",
    "CONTROL_PORT",
    "GRAFANA_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "JAEGER_QUERY_PORT",
    "OTLP_GRPC_PORT",
    "OTLP_HTTP_PORT",
)


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with engine.engine(tmp_path_factory.mktemp("engine")) as file:
        yield file


@pytest.fixture(scope="session")
def ports() -> dict[str, str]:
    """Free host ports, so that a stack on the default ports can run at the same time."""
    return dict(zip(PUBLISHED, map(str, free_ports(len(PUBLISHED))), strict=True))


@pytest.fixture(scope="session")
def stack(env_file: Path, ports: dict[str, str]) -> Iterator[Project]:
    """Healthy stack, removed with its volumes after the tests."""
    project = Project(
        name=f"sightline-test-{os.getpid()}",
        files=engine.files_of_stack(),
        env_file=env_file,
        environ={**ports, "TRAFFIC_RATE": "20"},
    )
    with project.running():
        yield project
    assert project.find_leftovers() == ""


@pytest.fixture(scope="session")
def urls(ports: dict[str, str]) -> dict[str, str]:
    """URL of each published service by the name of its port in .env."""
    names = read_env_file(ENV_FILE).keys() & ports.keys()
    return {name.removesuffix("_PORT").lower(): f"http://127.0.0.1:{ports[name]}" for name in names}
