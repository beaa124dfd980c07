"""Without the shop, what watches is healthy and misses nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artefacts import ROOT
from tests.docker.conftest import PUBLISHED
from tests.docker.engine import Project, files_of_stack
from tests.docker.test_stack import get
from tests.ports import free_ports
from tests.waiting import until

OVERLAY = ROOT / "deploy" / "compose" / "bring-your-own.yml"
WATCHERS = {"control", "prometheus", "alertmanager", "jaeger", "grafana"}


@pytest.fixture(scope="module")
def watchers(env_file: Path) -> Iterator[Project]:
    """The stack under the overlay, healthy."""
    project = Project(
        name=f"sightline-byo-{os.getpid()}",
        files=(*files_of_stack(), OVERLAY),
        env_file=env_file,
        environ=dict(zip(PUBLISHED, map(str, free_ports(len(PUBLISHED))), strict=True)),
    )
    with project.running():
        yield project


def test_only_what_watches_runs(watchers: Project) -> None:
    assert set(watchers.compose("ps", "--services").split()) == WATCHERS


def test_no_target_is_missed(watchers: Project) -> None:
    page = f"http://127.0.0.1:{watchers.environ['PROMETHEUS_PORT']}/api/v1/targets"

    def health() -> dict[str, str]:
        targets = get(page).json()["data"]["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    expected = dict.fromkeys(
        ["alertmanager", "control", "jaeger", "prometheus", "span-metrics"], "up"
    )
    until(lambda: health() == expected, within_seconds=90)
