"""Stack on a Docker engine: `docker compose` with the repository's file."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline import artifacts, private
from sightline.binaries import Report
from sightline.config import Config
from sightline.errors import SightlineError
from sightline.local.folder import VARIABLE, Folder

OLDEST_ENGINE: Final = 25
"""First version with ``start_interval``, which speeds up health checks at the start."""

_ENGINE_TIMEOUT_SECONDS: Final = 2.0
_TIMEOUT_SECONDS: Final = 30.0
MOUNTED: Final = (
    artifacts.PROMETHEUS,
    artifacts.GRAFANA,
    artifacts.JAEGER,
    artifacts.ROOT / "docs" / "runbooks",
)
"""Directories mounted by the compose file; containers run as other users."""

_MARKER: Final = "docker"
"""File in the run directory that marks a stack on Docker."""


class DockerUnusable(SightlineError):
    """Docker cannot run the stack; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Docker:
    """Compose stack of one state directory."""

    config: Config
    mounted: tuple[Path, ...] = MOUNTED

    @property
    def running(self) -> bool:
        """True from the start of the stack on Docker to its stop."""
        return self._marker.exists()

    def require(self, report: Report) -> None:
        """Check that an engine responds and has every image; pull missing ones.

        Raises:
            DockerUnusable: It cannot; the message is the reason.
        """
        self.require_engine()
        missing = [image for image in self._images() if not self._has_image(image)]
        if missing:
            report(f"fetching images: {', '.join(missing)}")
            self._run_compose("pull", "--ignore-buildable")

    def require_engine(self) -> None:
        """Check that an engine responds and can run the stack.

        Raises:
            DockerUnusable: It cannot; the message is the reason.
        """
        asked = ("version", "--format", "{{.Server.Version}}")
        version = self._run(*asked, within_seconds=_ENGINE_TIMEOUT_SECONDS).strip()
        found = re.match(r"\d+", version)
        if not found or int(found[0]) < OLDEST_ENGINE:
            raise DockerUnusable(f"engine {version!r}: {OLDEST_ENGINE} or newer is needed")
        self._run("compose", "version")
        unreadable = next(filter(_unreadable, self._mounted_paths()), None)
        if unreadable:
            folders = " ".join(os.path.relpath(folder) for folder in self.mounted)
            raise DockerUnusable(f"containers cannot read {unreadable}: `chmod -R go+rX {folders}`")

    def up(self, services: list[str], *, foreground: bool) -> int:
        """Start *services*, by default all, and wait until they are healthy.

        Raises:
            DockerUnusable: Compose failed and printed the reason.
        """
        Folder(self.config.state).create()
        private.write(self._marker, "", variable=VARIABLE)
        self._run_compose("up", "--build", "--detach", "--wait", *services)
        self.status()
        if foreground:
            self._run_compose("logs", "--follow", "--since=0s")
        return 0

    def down(self) -> None:
        """Stop and remove the containers; keep the data."""
        self._run_compose("down", "--remove-orphans")
        self._marker.unlink()

    def status(self) -> int:
        """Print the containers; return 1 if none runs."""
        self._run_compose("ps", "--all")
        return int(not self._run("compose", *_file(), "ps", "--quiet").strip())

    @property
    def _marker(self) -> Path:
        return self.config.state / "run" / _MARKER

    def _mounted_paths(self) -> Iterator[Path]:
        for folder in filter(Path.exists, self.mounted):
            yield folder
            yield from folder.rglob("*")

    def _images(self) -> list[str]:
        listed = self._run("compose", *_file(), "config", "--images")
        # Images that compose builds cannot be pulled.
        return [image for image in listed.split() if not image.endswith(":local")]

    def _has_image(self, image: str) -> bool:
        try:
            self._run("image", "inspect", image)
        except DockerUnusable:
            return False
        return True

    def _run_compose(self, *arguments: str) -> None:
        """Run compose; its output goes to the terminal."""
        command = [self._docker, "compose", *_file(), *arguments]
        done = subprocess.run(command, check=False, env=self._env)
        if done.returncode:
            raise DockerUnusable(f"docker compose {arguments[0]} failed, see above")

    def _run(self, *arguments: str, within_seconds: float = _TIMEOUT_SECONDS) -> str:
        """Run docker and return its output."""
        try:
            done = subprocess.run(
                [self._docker, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=within_seconds,
                env=self._env,
            )
        except subprocess.TimeoutExpired as error:
            raise DockerUnusable(
                f"docker {arguments[0]} took longer than {within_seconds:g} s"
            ) from error
        if done.returncode:
            raise DockerUnusable(_last_line(done.stderr) or f"docker {arguments[0]} failed")
        return done.stdout

    @property
    def _docker(self) -> str:
        found = shutil.which("docker", path=self.config.environ.get("PATH"))
        if not found:
            raise DockerUnusable("no docker command found")
        return found

    @property
    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.config.environ}


def _file() -> tuple[str, ...]:
    return ("--project-directory", str(artifacts.ROOT), "--file", str(artifacts.COMPOSE_FILE))


def _unreadable(path: Path) -> bool:
    """Return true if other users cannot read the file, or enter the directory, at *path*."""
    mode = path.stat().st_mode
    needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return mode & needed != needed


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "")
