"""Known programs, their versions and requirements."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.binaries.version import NotAvailable, Version, version_text

PATH: Final = "PATH"
RELEASE: Final = "release"
"""Origins of programs; others are suites of a distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Program with its names in PATH, Debian and upstream."""

    name: str
    minimum: Version
    """Oldest supported version."""
    below: Version
    """First version that is too new to be supported."""
    commands: tuple[str, ...]
    """Names of the executable, upstream name first."""
    packages: tuple[str, ...]
    """Debian packages that contain it, by suite."""
    project: str
    """Upstream project of its release archive."""
    release: str
    """Pinned version of the release archive; empty: it is not downloaded."""
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
        origin = f"package of {self.origin}" if self.packaged else self.origin
        return f"{self.name} {version_text(self.version)} ({origin})"

    @property
    def packaged(self) -> bool:
        """True if it is a package of a distribution, which took the place of the release."""
        return self.origin not in {PATH, RELEASE}


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
        if version >= self.program.below:
            raise NotAvailable(
                f"{version_text(version)} is too new: "
                f"supported are versions before {version_text(self.program.below)}"
            )
        if self.major not in {None, version[0]}:
            raise NotAvailable(f"{version_text(version)} is not a {self.major}.x")


def _prometheus(name: str, *packages: str) -> Program:
    return Program(
        name=name,
        minimum=(2, 42),
        below=(4,),
        commands=(name,),
        packages=packages,
        project="prometheus",
        release="3.14.0",
    )


def _alertmanager(name: str, *other_commands: str, compiled_in: str = "") -> Program:
    return Program(
        name=name,
        minimum=(0, 25),
        below=(1,),
        commands=(name, *other_commands),
        packages=("prometheus-alertmanager",),
        project="alertmanager",
        release="0.34.1",
        compiled_in=compiled_in,
    )


PROGRAMS: Final = {
    program.name: program
    for program in (
        _prometheus("prometheus", "prometheus"),
        _prometheus("promtool", "promtool", "prometheus"),
        _alertmanager(
            "alertmanager",
            "prometheus-alertmanager",
            compiled_in="/usr/share/prometheus/alertmanager",
        ),
        _alertmanager("amtool"),
    )
}
"""Programs that are downloaded if this machine has none."""

JAEGER: Final = Program(
    name="jaeger",
    minimum=(2, 20),
    below=(2, 21),
    commands=("jaeger",),
    packages=(),
    project="jaeger",
    release="",
)
"""Jaeger of the configuration in `jaeger/`; later ones drop an API that Grafana calls."""
