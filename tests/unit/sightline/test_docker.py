"""Docker driver with a `docker` program that acts as the real one and records its arguments."""

from dataclasses import replace
from pathlib import Path

import pytest

from sightline.config import Config
from sightline.docker import Docker, DockerUnusable

SCRIPT = """#!/bin/sh
echo "$*" >> {recorded}
case "$*" in
    version*) {version} ;;
    *"config --images") printf 'sightline-demo:local\\nprom/prometheus:v3\\n' ;;
    "image inspect"*) {inspect} ;;
    *" pull "*) {pull} ;;
    *"ps --quiet") echo 0123456789ab ;;
esac
"""


def docker(
    tmp_path: Path, *, version: str = "echo 28.5.2", inspect: str = "exit 0", pull: str = "exit 0"
) -> Docker:
    """A driver that finds this `docker` on its PATH; each answer is a line of shell."""
    program = tmp_path / "docker"
    recorded = tmp_path / "recorded"
    program.write_text(
        SCRIPT.format(recorded=recorded, version=version, inspect=inspect, pull=pull)
    )
    program.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    return Docker(Config.from_env({"PATH": path, "SIGHTLINE_STATE": str(tmp_path / "state")}))


def recorded(tmp_path: Path) -> str:
    return (tmp_path / "recorded").read_text()


def test_an_engine_with_all_images_is_accepted(tmp_path: Path) -> None:
    docker(tmp_path).require(print)

    assert " pull " not in recorded(tmp_path)


def test_missing_images_are_pulled(tmp_path: Path) -> None:
    docker(tmp_path, inspect="exit 1").require(print)

    assert " pull --ignore-buildable" in recorded(tmp_path)
    assert "inspect sightline-demo:local" not in recorded(tmp_path)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"version": "echo 24.0.9"}, r"engine '24.0.9': 25 or newer is needed"),
        ({"version": "echo Cannot connect to the daemon >&2; exit 1"}, r"Cannot connect to the"),
        ({"version": "exec sleep 9"}, r"docker version took longer than 2 s"),
        ({"inspect": "exit 1", "pull": "exit 1"}, r"docker compose pull failed, see above"),
    ],
)
def test_an_unusable_engine_is_reported_with_the_reason(
    tmp_path: Path, answers: dict[str, str], reason: str
) -> None:
    with pytest.raises(DockerUnusable, match=reason):
        docker(tmp_path, **answers).require(print)


def test_a_missing_docker_command_is_reported(tmp_path: Path) -> None:
    config = Config.from_env({"PATH": str(tmp_path), "SIGHTLINE_STATE": str(tmp_path)})

    with pytest.raises(DockerUnusable, match="no docker command found"):
        Docker(config).require(print)


def test_up_waits_for_health_and_marks_the_stack_until_down(tmp_path: Path) -> None:
    driver = docker(tmp_path)

    driver.up(["users"], foreground=False)

    assert driver.running
    assert driver.status() == 0
    assert "up --build --detach --wait users" in recorded(tmp_path)

    driver.down()

    assert not driver.running


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o755, 0o640), (0o700, 0o644)])
def test_files_that_containers_cannot_read_are_reported_with_the_fix(
    tmp_path: Path, folder_mode: int, file_mode: int
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "demo.yml").touch()
    (folder / "demo.yml").chmod(file_mode)
    folder.chmod(folder_mode)
    driver = replace(docker(tmp_path), mounted=(folder,))

    with pytest.raises(DockerUnusable, match=r"containers cannot read .*: `chmod -R go\+rX "):
        driver.require_engine()
