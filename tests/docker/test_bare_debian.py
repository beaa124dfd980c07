"""A newcomer's machine: a bare Debian with python3 and make, and a user without root."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sightline.artefacts import ROOT
from tests.docker.engine import LAB, CommandFailed, run

IMAGE = "debian:trixie-slim"
HOME = "/home/newcomer/sightline"
INSTALL = "apt-get -qq install -y --no-install-recommends"
UP_WITHIN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Machine:
    """A container that stands for a machine."""

    name: str

    def root(self, command: str) -> str:
        """Run *command* as an administrator would."""
        return run(["docker", "exec", self.name, "sh", "-c", command], within_seconds=300)

    def user(self, command: str) -> str:
        """Run *command* in the checkout, as the newcomer.

        Raises:
            CommandFailed: With what it said.
        """
        who = ["--user", "newcomer", "--workdir", HOME]
        shell = ["docker", "exec", *who, self.name, "sh", "-c", f"{command} 2>&1"]
        return run(shell, within_seconds=UP_WITHIN_SECONDS)


@pytest.fixture(scope="module")
def machine(env_file: Path) -> Iterator[Machine]:
    """The machine with this checkout, as committed, in the newcomer's home."""
    assert env_file.exists()
    run(
        [str(LAB), "images", IMAGE] if LAB.exists() else ["docker", "pull", IMAGE],
        within_seconds=300,
    )
    machine = Machine(f"sightline-bare-{os.getpid()}")
    certificates = ["--env", "PIP_CERT"] if os.environ.get("PIP_CERT") else []
    run(
        [
            "docker",
            "run",
            "--detach",
            "--init",
            "--name",
            machine.name,
            *certificates,
            IMAGE,
            "sleep",
            "3600",
        ]
    )
    try:
        machine.root(
            "apt-get -qq update && apt-get -qq install -y --no-install-recommends python3 make"
        )
        machine.root(f"useradd --create-home newcomer && mkdir {HOME} && chown newcomer: {HOME}")
        give_checkout(machine)
        yield machine
    finally:
        run(["docker", "rm", "--force", machine.name])


def give_checkout(machine: Machine) -> None:
    unpack = f"docker exec --interactive --user newcomer {machine.name} tar -x -C {HOME}"
    run(["sh", "-c", f"git -C {ROOT} archive HEAD | {unpack}"])


def test_what_the_machine_lacks_is_named_with_its_package(machine: Machine) -> None:
    with pytest.raises(CommandFailed, match="apt install python3-venv"):
        machine.user("make up")


def test_with_it_two_commands_run_the_whole_job_without_root(machine: Machine) -> None:
    machine.root(f"{INSTALL} python3-venv")

    up = machine.user("make up")
    status = machine.user("make status")
    down = machine.user("make down")

    assert "prometheus is healthy: prometheus " in up
    assert "open http://localhost:3000" in up
    assert status.count("healthy") == 9
    assert "stopped prometheus" in down
