"""The stack on a Docker engine: `docker compose` with the repository's own file."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline import artefacts, private
from sightline.config import Config
from sightline.errors import SightlineError
from sightline.local.folder import VARIABLE, Folder

Report = Callable[[str], None]

OLDEST_ENGINE: Final = 25
"""The first with ``start_interval``, which makes health checks quick at the start."""

_ENGINE_WITHIN_SECONDS: Final = 2.0
_ANSWERS_WITHIN_SECONDS: Final = 30.0
MOUNTED: Final = (
    artefacts.PROMETHEUS,
    artefacts.GRAFANA,
    artefacts.JAEGER,
    artefacts.ROOT / "docs" / "runbooks",
)
"""Folders that the compose file mounts; the containers run as other users than the reader."""

_MARK: Final = "docker"
"""File in the run folder that says: this stack runs on Docker."""


class DockerUnusable(SightlineError):  # noqa: N818  a state of the machine
    """The stack cannot run on Docker here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Docker:
    """The compose stack of one state folder."""

    config: Config
    mounted: tuple[Path, ...] = MOUNTED

    @property
    def running(self) -> bool:
        """Whether this stack was started on Docker and not stopped since."""
        return self._mark.exists()

    def require(self, report: Report) -> None:
        """Make sure that an engine answers and has every image.

        Raises:
            DockerUnusable: With the reason.
        """
        self.require_engine()
        missing = [image for image in self._images() if not self._has(image)]
        if missing:
            report(f"fetching images: {', '.join(missing)}")
            self._do("pull", "--ignore-buildable")

    def require_engine(self) -> None:
        """Make sure that an engine answers that can run the stack.

        Raises:
            DockerUnusable: With the reason.
        """
        asked = ("version", "--format", "{{.Server.Version}}")
        version = self._run(*asked, within_seconds=_ENGINE_WITHIN_SECONDS).strip()
        found = re.match(r"\d+", version)
        if not found or int(found[0]) < OLDEST_ENGINE:
            raise DockerUnusable(f"engine {version!r}: {OLDEST_ENGINE} or newer is needed")
        self._run("compose", "version")
        closed = next(filter(_closed, self._mounted_paths()), None)
        if closed:
            folders = " ".join(os.path.relpath(folder) for folder in self.mounted)
            raise DockerUnusable(f"containers cannot read {closed}: `chmod -R go+rX {folders}`")

    def up(self, services: list[str], *, foreground: bool) -> int:
        """Start *services*, all when none are named, and wait until they are healthy.

        Raises:
            DockerUnusable: Compose failed; it has said why.
        """
        Folder(self.config.state).make()
        private.write(self._mark, "", variable=VARIABLE)
        self._do("up", "--build", "--detach", "--wait", *services)
        self.status()
        if foreground:
            self._do("logs", "--follow", "--since=0s")
        return 0

    def down(self) -> None:
        """Stop and remove the containers; the data stays."""
        self._do("down", "--remove-orphans")
        self._mark.unlink()

    def status(self) -> int:
        """Show the containers; 1 when none runs."""
        self._do("ps", "--all")
        return int(not self._run("compose", *_file(), "ps", "--quiet").strip())

    @property
    def _mark(self) -> Path:
        return self.config.state / "run" / _MARK

    def _mounted_paths(self) -> Iterator[Path]:
        for folder in filter(Path.exists, self.mounted):
            yield folder
            yield from folder.rglob("*")

    def _images(self) -> list[str]:
        listed = self._run("compose", *_file(), "config", "--images")
        # What compose builds has no registry to be fetched from.
        return [image for image in listed.split() if not image.endswith(":local")]

    def _has(self, image: str) -> bool:
        try:
            self._run("image", "inspect", image)
        except DockerUnusable:
            return False
        return True

    def _do(self, *arguments: str) -> None:
        """Run compose in the user's sight."""
        command = [self._docker, "compose", *_file(), *arguments]
        done = subprocess.run(command, check=False, env=self._env)
        if done.returncode:
            raise DockerUnusable(f"docker compose {arguments[0]} failed, see above")

    def _run(self, *arguments: str, within_seconds: float = _ANSWERS_WITHIN_SECONDS) -> str:
        """Ask docker and return its answer."""
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
            raise DockerUnusable("there is no docker command")
        return found

    @property
    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.config.environ}


def _file() -> tuple[str, ...]:
    return ("--project-directory", str(artefacts.ROOT), "--file", str(artefacts.COMPOSE_FILE))


def _closed(path: Path) -> bool:
    """Tell whether other users cannot read the file, or enter the folder, at *path*."""
    mode = path.stat().st_mode
    needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return mode & needed != needed


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "")
