"""Which programs there are, and what makes a file on disk one of them."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Version = tuple[int, ...]

_VERSION: Final = re.compile(r"version v?(\d+)\.(\d+)\.(\d+)")
_ANSWERS_WITHIN_SECONDS: Final = 20.0


class NotHere(Exception):  # noqa: N818  an answer of one place, not a fault
    """A place does not have the program; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program by the names that others give it."""

    name: str
    minimum: Version
    """Oldest version that understands our files."""
    commands: tuple[str, ...]
    """Names of the executable, upstream's first."""
    packages: tuple[str, ...]
    """Debian packages that hold it in one suite or another."""
    project: str
    """Upstream project whose release archive holds it."""
    compiled_in: str = ""
    """Folder whose files Debian's build reads, under this fixed name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A program that is on this machine and answers; it runs in the folder where it lies."""

    name: str
    path: Path
    version: Version
    origin: str
    """Where it came from: ``PATH``, a Debian suite, ``release``."""

    def __str__(self) -> str:
        """Name, version and origin, for people."""
        return f"{self.name} {dotted(self.version)} ({self.origin})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A program and what its version must be."""

    program: Program
    major: int | None = None
    """Only this major version will do; ``None`` for any from the minimum on."""

    def check(self, version: Version) -> None:
        """Accept *version*.

        Raises:
            NotHere: Names the version and the expectation.
        """
        if version < self.program.minimum:
            raise NotHere(f"{dotted(version)} is older than {dotted(self.program.minimum)}")
        if self.major not in {None, version[0]}:
            raise NotHere(f"{dotted(version)} is not a {self.major}.x")


_PROMETHEUS: Final = (2, 42)
_ALERTMANAGER: Final = (0, 25)

PROGRAMS: Final = {
    program.name: program
    for program in (
        Program(
            name="prometheus",
            minimum=_PROMETHEUS,
            commands=("prometheus",),
            packages=("prometheus",),
            project="prometheus",
        ),
        Program(
            name="promtool",
            minimum=_PROMETHEUS,
            commands=("promtool",),
            packages=("promtool", "prometheus"),
            project="prometheus",
        ),
        Program(
            name="alertmanager",
            minimum=_ALERTMANAGER,
            commands=("alertmanager", "prometheus-alertmanager"),
            packages=("prometheus-alertmanager",),
            project="alertmanager",
            compiled_in="/usr/share/prometheus/alertmanager",
        ),
        Program(
            name="amtool",
            minimum=_ALERTMANAGER,
            commands=("amtool",),
            packages=("prometheus-alertmanager",),
            project="alertmanager",
        ),
    )
}


def dotted(version: Version) -> str:
    """*version* as people write it, ``3.5.3``."""
    return ".".join(map(str, version))


def parsed(text: str) -> Version:
    """The leading numbers of a version, ``3.5.3+ds1-6`` as ``(3, 5, 3)``."""
    found = re.match(r"(?:\d+:)?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else ()


def version_of(path: Path) -> Version:
    """Ask the program at *path* for its version.

    Raises:
        NotHere: It does not start, or says something else.
    """
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_ANSWERS_WITHIN_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotHere(f"{path} does not run here: {error}") from error
    said = answer.stdout + answer.stderr
    found = _VERSION.search(said)
    if not found:
        raise NotHere(f"{path} --version says {said[:60]!r}")
    return tuple(map(int, found.groups()))
