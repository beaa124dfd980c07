"""Installed Grafana: its program, version and settings."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline import artifacts
from sightline.binaries import Report
from sightline.binaries.version import NotAvailable, Version, version_of, version_text
from sightline.environment import read_env_file

SUPPORTED: Final = ((12, 4), (13, 0), (13, 1))
"""Versions for which the dashboards are made. Another version is used, with a message."""

PACKAGED_HOME: Final = Path("/usr/share/grafana")
"""Directory of Grafana in its packages, which put only ``grafana-server`` on ``PATH``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grafana:
    """Installed Grafana."""

    path: Path
    version: Version
    home: Path
    """Directory of its own files."""

    @property
    def command(self) -> tuple[str, ...]:
        """Command of the server."""
        return (str(self.path), "server", f"--homepath={self.home}")

    def __str__(self) -> str:
        """Return name, version and path for messages."""
        return f"grafana {version_text(self.version)} ({self.path})"


def find(
    search_path: str | None, report: Report, *, packaged: Path = PACKAGED_HOME
) -> Grafana | None:
    """Return the installed Grafana; None if there is none that starts.

    Args:
        search_path: Value of ``PATH``.
        report: Called with a message for a program that does not start or is not supported.
        packaged: Directory that packages install.
    """
    for path in _programs(search_path, packaged):
        try:
            version = version_of(path, "grafana")
        except NotAvailable as reason:
            report(f"grafana: skipping {reason}; replace it, or remove it from PATH")
            continue
        if version[:2] not in SUPPORTED:
            report(_unsupported(version))
        return Grafana(path=path, version=version, home=_home(path, packaged))
    return None


def common_settings() -> Mapping[str, str]:
    """Return the environment that is the same in compose."""
    return read_env_file(artifacts.GRAFANA_SETTINGS)


def _programs(search_path: str | None, packaged: Path) -> Iterator[Path]:
    if found := shutil.which("grafana", path=search_path):
        yield Path(found)
    beside = shutil.which("grafana-server", path=search_path)
    folders = [Path(beside).resolve().parent] if beside else []
    for folder in (*folders, packaged / "bin"):
        if found := shutil.which("grafana", path=str(folder)):
            yield Path(found)


def _home(program: Path, packaged: Path) -> Path:
    beside = program.resolve().parent.parent
    return beside if (beside / "conf").is_dir() else packaged


def _unsupported(version: Version) -> str:
    supported = ", ".join(map(version_text, SUPPORTED))
    return (
        f"grafana {version_text(version)} is not supported and may draw the dashboards "
        f"differently; install one of {supported}"
    )
