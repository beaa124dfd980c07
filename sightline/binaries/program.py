"""Known programs, their versions and requirements."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Version = tuple[int, ...]

_VERSION: Final = re.compile(r"version v?(\d+)\.(\d+)\.(\d+)")
_TIMEOUT_SECONDS: Final = 20.0


class NotAvailable(Exception):
    """The source does not have the program; the message is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Program with its names in PATH, Debian and upstream."""

    name: str
    minimum: Version
    """Oldest supported version."""
    commands: tuple[str, ...]
    """Names of the executable, upstream name first."""
    packages: tuple[str, ...]
    """Debian packages that contain it, by suite."""
    project: str
    """Upstream project of its release archive."""
    compiled_in: str = ""
    """Directory that is compiled into Debian's build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """Program on this machine; it runs in its own directory."""

    name: str
    path: Path
    version: Version
    origin: str
    """Source: ``PATH``, a Debian suite, or ``release``."""

    def __str__(self) -> str:
        """Return name, version and origin for messages."""
        return f"{self.name} {version_text(self.version)} ({self.origin})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Program with version requirements."""

    program: Program
    major: int | None = None
    """Required major version; ``None``: any from the minimum on."""

    def check(self, version: Version) -> None:
        """Accept *version*.

        Raises:
            NotAvailable: The version does not match.
        """
        if version < self.program.minimum:
            raise NotAvailable(
                f"{version_text(version)} is older than {version_text(self.program.minimum)}"
            )
        if self.major not in {None, version[0]}:
            raise NotAvailable(f"{version_text(version)} is not a {self.major}.x")


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


def version_text(version: Version) -> str:
    """Return *version* as text, ``3.5.3``."""
    return ".".join(map(str, version))


def parse_version(text: str) -> Version:
    """Return the leading numbers of a version: ``3.5.3+ds1-6`` is ``(3, 5, 3)``."""
    found = re.match(r"(?:\d+:)?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else ()


def version_of(path: Path) -> Version:
    """Return the version that *path* ``--version`` prints.

    Raises:
        NotAvailable: The program does not start, or prints no version.
    """
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotAvailable(f"{path} does not run here: {error}") from error
    output = answer.stdout + answer.stderr
    found = _VERSION.search(output)
    if not found:
        raise NotAvailable(f"{path} --version printed {output[:60]!r}")
    return tuple(map(int, found.groups()))
