"""Docker engine with the images of .env: the machine's own, or the lab's with stand-ins."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.artifacts import COMPOSE_FILE, ENV_FILE, ROOT

LAB = ROOT.parent / "shared" / "lab" / "lab"
"""Script that provides an engine and stand-in images without a registry, if it exists."""

STAND_INS = ROOT / "tests" / "docker" / "stand-ins.yml"


class CommandError(Exception):
    """A command returned another status than 0. The message ends with its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Compose project with name, files and environment."""

    name: str
    files: tuple[Path, ...]
    env_file: Path
    environ: Mapping[str, str]
    root: Path = ROOT
    """Checkout with the mounted files."""

    def compose(self, *arguments: str, within_seconds: float = 300) -> str:
        """Run ``docker compose ...`` for this project and return its output.

        Raises:
            CommandError: The status was not 0.
        """
        files = [word for file in self.files for word in ("-f", str(file))]
        prefix = ["docker", "compose", "-p", self.name, "--env-file", str(self.env_file)]
        command = [*prefix, "--project-directory", str(self.root), *files, *arguments]
        return run(command, environ=self.environ, within_seconds=within_seconds)

    def up(self, *services: str) -> None:
        """Start services and wait until they are healthy."""
        self.compose("up", "-d", "--wait", "--wait-timeout", "180", *services)

    @contextmanager
    def running(self) -> Iterator["Project"]:
        """Build and start the project, and remove it with its volumes at the end."""
        try:
            self.compose("build", within_seconds=900)
            self.up()
            yield self
        finally:
            self.compose("down", "-v", "--remove-orphans", "-t", "10")

    def config(self) -> Mapping[str, Any]:
        """Return the resolved configuration."""
        document: Mapping[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return document

    def inspect(self, service: str) -> Mapping[str, Any]:
        """Return the output of ``docker inspect`` for the container of *service*."""
        container = self.compose("ps", "-a", "-q", service).strip()
        document: list[Mapping[str, Any]] = json.loads(run(["docker", "inspect", container]))
        return document[0]

    def lasting_services(self) -> list[str]:
        """Return the services that run until the stack stops."""
        services = self.config()["services"]
        return [name for name, service in services.items() if service["restart"] != "no"]

    def kill(self, service: str) -> None:
        """Send SIGKILL to the program, as in a crash, so that the restart policy applies."""
        with suppress(CommandError):  # the container can stop before the shell returns
            self.compose("exec", "-T", service, "sh", "-c", "kill -9 -1")

    def find_leftovers(self) -> str:
        """Return the ids of containers, volumes and networks of this project."""
        label = f"label=com.docker.compose.project={self.name}"
        kinds = (["ps", "-a"], ["volume", "ls"], ["network", "ls"])
        return "".join(run(["docker", *kind, "-q", "--filter", label]) for kind in kinds)


@contextmanager
def daemon() -> Iterator[None]:
    """An engine that answers, stopped at the end if it was started here.

    Raises:
        CommandError: No engine answers.
    """
    if not LAB.exists():
        run(["docker", "info"])
        yield
        return
    run([str(LAB), "engine"], within_seconds=300)
    try:
        yield
    finally:
        run([str(LAB), "stop"])


@contextmanager
def engine(folder: Path) -> Iterator[Path]:
    """Provide an engine with the images, and yield the environment file to use.

    Raises:
        CommandError: No engine is available, or an image is missing.
    """
    with daemon():
        if not LAB.exists():
            yield ENV_FILE
            return
        env_file = folder / "lab.env"
        env_file.write_text(run([str(LAB), "env", str(ENV_FILE)]))
        run([str(LAB), "images", *_images(env_file)], within_seconds=600)
        yield env_file


def _images(env_file: Path) -> list[str]:
    assignments = [line.partition("=") for line in env_file.read_text().splitlines()]
    stand_ins = ("PYTHON", "PROMETHEUS", "ALERTMANAGER", "NATS", "POSTGRES", "VALKEY")
    wanted = [f"{name}_IMAGE" for name in stand_ins]
    return [value for name, _, value in assignments if name in wanted]


def files_of_stack(root: Path = ROOT) -> tuple[Path, ...]:
    """Return the compose files of the default stack in the checkout *root* for this engine."""
    files = (COMPOSE_FILE, STAND_INS) if LAB.exists() else (COMPOSE_FILE,)
    return tuple(root / file.relative_to(ROOT) for file in files)


def run(
    command: list[str], *, environ: Mapping[str, str] | None = None, within_seconds: float = 60
) -> str:
    """Run *command* and return its output.

    Raises:
        CommandError: The status was not 0.
    """
    done = subprocess.run(
        command,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=within_seconds,
        check=False,
    )
    if done.returncode:
        output = f"{done.stdout[-20_000:]}\n{done.stderr[-4000:]}"
        raise CommandError(f"{' '.join(command)}: status {done.returncode}\n{output}")
    return done.stdout
