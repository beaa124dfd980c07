"""Fetched programs on disk, shared by every stack of this user.

Each stands at `programs/NAME/VERSION-ORIGIN/NAME`.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.binaries.program import (
    Binary,
    NotHere,
    Program,
    Wanted,
    dotted,
    parsed,
    version_of,
)
from sightline.errors import ConfigurationError

_WORKSHOP: Final = ".fetch-"


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of fetched programs."""

    folder: Path

    def __str__(self) -> str:
        """The place, for people."""
        return f"cache {self.folder}"

    def find(self, wanted: Wanted) -> Binary:
        """The newest fitting program that was fetched before.

        Raises:
            NotHere: Nothing of that name, or no version that fits.
        """
        name = wanted.program.name
        fetched = sorted(map(_described, self._home(name).glob(f"*/{name}")), key=_version)
        if not fetched:
            raise NotHere("not fetched yet")
        reasons = []
        for binary in reversed(fetched):
            try:
                wanted.check(binary.version)
            except NotHere as reason:
                reasons.append(str(reason))
            else:
                return binary
        raise NotHere(", ".join(reasons))

    def keep(
        self, program: Program, file: Path, *, origin: str, beside: Iterable[Path] = ()
    ) -> Binary:
        """Move *file* in, whole or not at all, after the files that must lie *beside* it.

        Raises:
            NotHere: It does not run on this machine.
        """
        file.chmod(0o755)
        version = version_of(file)
        place = self._home(program.name) / f"{dotted(version)}-{origin}" / program.name
        place.parent.mkdir(parents=True, exist_ok=True)
        for other in beside:
            other.replace(place.parent / other.name)
        file.replace(place)
        return Binary(name=program.name, path=place, version=version, origin=origin)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from fetching, and clear away what an interrupted fetch left.

        Raises:
            ConfigurationError: The folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{error.filename}: {error.strerror}; set XDG_CACHE_HOME to a folder of yours"
            ) from error
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in self.folder.glob(f"{_WORKSHOP}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """An empty folder on the same disk, gone afterwards; for the one that holds the cache."""
        with tempfile.TemporaryDirectory(prefix=_WORKSHOP, dir=self.folder) as folder:
            yield Path(folder)

    def _home(self, name: str) -> Path:
        return self.folder / "programs" / name


def _described(path: Path) -> Binary:
    version, _, origin = path.parent.name.partition("-")
    return Binary(name=path.name, path=path, version=parsed(version), origin=origin)


def _version(binary: Binary) -> tuple[int, ...]:
    return binary.version
