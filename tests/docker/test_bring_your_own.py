"""Overlay bring-your-own.yml: the stack without the shop."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests.docker.conftest import PUBLISHED
from tests.docker.engine import Project, files_of_stack
from tests.docker.test_stack import get
from tests.ports import free_ports
from tests.waiting import until

OVERLAY = ROOT / "deploy" / "compose" / "bring-your-own.yml"
MONITORING = {"control", "prometheus", "alertmanager", "jaeger", "grafana"}


@pytest.fixture(scope="module")
def monitoring(env_file: Path) -> Iterator[Project]:
    """Healthy stack with the overlay."""
    project = Project(
        name=f"sightline-byo-{os.getpid()}",
        files=(*files_of_stack(), OVERLAY),
        env_file=env_file,
        environ=dict(zip(PUBLISHED, map(str, free_ports(len(PUBLISHED))), strict=True)),
    )
    with project.running():
        yield project


def test_only_the_monitoring_services_run(monitoring: Project) -> None:
    assert set(monitoring.compose("ps", "--services").split()) == MONITORING


def test_every_target_is_up(monitoring: Project) -> None:
    page = f"http://127.0.0.1:{monitoring.environ['PROMETHEUS_PORT']}/api/v1/targets"

    def health() -> dict[str, str]:
        targets = get(page).json()["data"]["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    expected = dict.fromkeys(
        ["alertmanager", "control", "jaeger", "prometheus", "span-metrics"], "up"
    )
    until(lambda: health() == expected, within_seconds=90)
