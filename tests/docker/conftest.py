"""The default stack on a real engine, one for the whole session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artefacts import ENV_FILE
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
    """Host ports of this run, so that a stack on the default ones may run beside it."""
    return dict(zip(PUBLISHED, map(str, free_ports(len(PUBLISHED))), strict=True))


@pytest.fixture(scope="session")
def stack(env_file: Path, ports: dict[str, str]) -> Iterator[Project]:
    """The stack, healthy; removed with its volumes at the end."""
    project = Project(
        name=f"sightline-test-{os.getpid()}",
        files=engine.files_of_stack(),
        env_file=env_file,
        environ={**ports, "TRAFFIC_RATE": "20"},
    )
    with project.running():
        yield project
    assert project.left() == ""


@pytest.fixture(scope="session")
def urls(ports: dict[str, str]) -> dict[str, str]:
    """Where each published service answers, by the name of its port in .env."""
    names = read_env_file(ENV_FILE).keys() & ports.keys()
    return {name.removesuffix("_PORT").lower(): f"http://127.0.0.1:{ports[name]}" for name in names}
