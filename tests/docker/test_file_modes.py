"""Checkouts under a strict umask: containers run as other users than the owner of the files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests.docker.conftest import PUBLISHED
from tests.docker.engine import CommandError, Project, files_of_stack, run
from tests.ports import free_ports

ACCESS = "chmod -R go+rX prometheus grafana jaeger docs/runbooks"


@pytest.fixture
def strict(env_file: Path, tmp_path: Path) -> Iterator[Project]:
    """Built stack of a clone under umask 077, not started."""
    clone = tmp_path / "sightline"
    run(["sh", "-c", f"umask 077 && git clone --quiet {ROOT} {clone}"])
    project = Project(
        name=f"sightline-umask-{os.getpid()}",
        files=files_of_stack(clone),
        env_file=env_file,
        environ=dict(zip(PUBLISHED, map(str, free_ports(len(PUBLISHED))), strict=True)),
        root=clone,
    )
    try:
        project.compose("build", within_seconds=900)
        yield project
    finally:
        project.compose("down", "-v", "--remove-orphans", "-t", "10")


@pytest.mark.timeout(1200)  # the modes of the files are part of the build's cache key
def test_a_strict_checkout_is_refused_with_the_command_that_grants_access(strict: Project) -> None:
    with pytest.raises(CommandError, match=r'service "check-files" didn.t complete successfully'):
        strict.up()

    (line,) = strict.compose("logs", "--no-log-prefix", "check-files").splitlines()
    assert line.endswith(f"containers cannot read prometheus: run `{ACCESS}`")

    run(["sh", "-c", f"cd {strict.root} && {ACCESS}"])
    strict.up()

    running = strict.compose("ps", "--services").split()
    assert set(running) == set(strict.lasting_services())
