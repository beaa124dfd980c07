"""Fetched programs on disk, shared by every stack of this user.

Each stands at `programs/NAME/VERSION-ORIGIN/NAME`.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline import private
from sightline.binaries.program import (
    Binary,
    NotHere,
    Program,
    Wanted,
    dotted,
    parsed,
    version_of,
)

VARIABLE: Final = "XDG_CACHE_HOME"
_WORKSHOP: Final = ".fetch-"


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of fetched programs."""

    folder: Path

    def __str__(self) -> str:
        """The place, for people."""
        return f"cache {self.folder}"

    def find(self, wanted: Wanted) -> Binary:
        """Return the newest fitting program that was fetched before.

        Raises:
            NotHere: Nothing of that name, or no version that fits.
            ConfigurationError: Another user may change a program of the cache.
        """
        name = wanted.program.name
        for program in self._home(name).glob(f"*/{name}"):
            private.verify(program.parent, root=self.folder, variable=VARIABLE)
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
        self.directory("programs", program.name, place.parent.name)
        for other in beside:
            other.replace(place.parent / other.name)
        file.replace(place)
        return Binary(name=program.name, path=place, version=version, origin=origin)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from fetching, and clear away what an interrupted fetch left.

        Raises:
            ConfigurationError: The folder cannot be written, or another user may change it.
        """
        self.directory()
        file = self.folder / ".lock"
        try:
            lock = private.opened(file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise private.explained(error, file, variable=VARIABLE) from error
        with os.fdopen(lock) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            for left in self.folder.glob(f"{_WORKSHOP}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """An empty folder on the same disk, gone afterwards; for the one that holds the cache."""
        with tempfile.TemporaryDirectory(prefix=_WORKSHOP, dir=self.folder) as folder:
            yield Path(folder)

    def directory(self, *names: str) -> Path:
        """Create the directory *names* of the cache, for this user alone, and return it.

        Raises:
            ConfigurationError: It cannot be written, or another user may change it.
        """
        place = self.folder.joinpath(*names)
        return private.make(place, root=self.folder, variable=VARIABLE)

    def _home(self, name: str) -> Path:
        return self.folder / "programs" / name


def _described(path: Path) -> Binary:
    version, _, origin = path.parent.name.partition("-")
    return Binary(name=path.name, path=path, version=parsed(version), origin=origin)


def _version(binary: Binary) -> tuple[int, ...]:
    return binary.version
