"""Cache of downloaded programs, shared by all stacks of this user.

Path of a program: `programs/NAME/VERSION-ORIGIN/NAME`.
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
from sightline.binaries.program import Binary, Program, Wanted
from sightline.binaries.version import (
    Absent,
    NotAvailable,
    parse_version,
    version_of,
    version_text,
)

VARIABLE: Final = "XDG_CACHE_HOME"
_SCRATCH_PREFIX: Final = ".fetch-"


@dataclass(frozen=True, slots=True)
class Cache:
    """Directory of downloaded programs."""

    folder: Path

    def __str__(self) -> str:
        """Return the name for messages."""
        return f"cache {self.folder}"

    def find(self, wanted: Wanted) -> Binary:
        """Return the cached release, or the newest cached package with a matching version.

        Raises:
            NotAvailable: No cached program matches.
            ConfigurationError: Another user can change a cached program.
        """
        binaries = self._binaries(wanted.program)
        return self._choose(wanted, [found for found in binaries if _accepted(found, wanted)])

    def find_any(self, wanted: Wanted) -> Binary:
        """Return the newest cached program with a matching version, also an older release.

        Raises:
            NotAvailable: No cached program matches.
            ConfigurationError: Another user can change a cached program.
        """
        return self._choose(wanted, self._binaries(wanted.program))

    def _binaries(self, program: Program) -> list[Binary]:
        """Return the cached versions of *program* in order of preference."""
        files = list(self._home(program.name).glob(f"*/{program.name}"))
        for file in files:
            private.verify(file.parent, root=self.folder, variable=VARIABLE)
        found = sorted(map(_binary_at, files), key=_version, reverse=True)
        return sorted(found, key=lambda binary: binary.packaged)

    def _choose(self, wanted: Wanted, binaries: Iterable[Binary]) -> Binary:
        reasons = []
        for binary in binaries:
            try:
                wanted.check(binary.version)
            except NotAvailable as reason:
                reasons.append(str(reason))
            else:
                return binary
        raise Absent(", ".join(reasons) or "not downloaded yet")

    def keep(
        self, program: Program, file: Path, *, origin: str, beside: Iterable[Path] = ()
    ) -> Binary:
        """Move *file* into the cache atomically, after the files *beside* it.

        Raises:
            NotAvailable: The program does not run on this machine.
        """
        file.chmod(0o755)
        version = version_of(file, program.name)
        place = self._home(program.name) / f"{version_text(version)}-{origin}" / program.name
        self.directory("programs", program.name, place.parent.name)
        for other in beside:
            other.replace(place.parent / other.name)
        file.replace(place)
        return Binary(name=program.name, path=place, version=version, origin=origin)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the download lock and remove leftovers of interrupted downloads.

        Raises:
            ConfigurationError: The directory cannot be written, or another user can change it.
        """
        self.directory()
        file = self.folder / ".lock"
        try:
            lock = private.open_file(file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise private.as_configuration_error(error, file, variable=VARIABLE) from error
        with os.fdopen(lock) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            for left in self.folder.glob(f"{_SCRATCH_PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield

    @contextmanager
    def scratch_directory(self) -> Iterator[Path]:
        """Yield a temporary directory on the same disk; requires `lock()`."""
        with tempfile.TemporaryDirectory(prefix=_SCRATCH_PREFIX, dir=self.folder) as folder:
            yield Path(folder)

    def directory(self, *names: str) -> Path:
        """Create the directory *names* in the cache with mode 0700 and return it.

        Raises:
            ConfigurationError: The directory cannot be written, or another user can change it.
        """
        place = self.folder.joinpath(*names)
        return private.create_directory(place, root=self.folder, variable=VARIABLE)

    def _home(self, name: str) -> Path:
        return self.folder / "programs" / name


def _binary_at(path: Path) -> Binary:
    version, _, origin = path.parent.name.partition("-")
    return Binary(name=path.name, path=path, version=parse_version(version), origin=origin)


def _accepted(binary: Binary, wanted: Wanted) -> bool:
    """Return false if the pinned release must be tried before *binary*."""
    pinned = parse_version(wanted.program.release)
    if binary.packaged:
        return wanted.major is not None or binary.version[0] >= pinned[0]
    return binary.version == pinned


def _version(binary: Binary) -> tuple[int, ...]:
    return binary.version
