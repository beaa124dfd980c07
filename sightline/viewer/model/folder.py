"""Folder of dashboard files, read again when a file changes."""

from collections.abc import Mapping
from pathlib import Path

from sightline.grafana.dashboard import Dashboard, DashboardError


class Folder:
    """Dashboards by uid, and the problems of files that are not dashboards."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[tuple[str, int, int], ...] | None = None
        self._dashboards: Mapping[str, Dashboard] = {}
        self.problems: list[str] = []
        """One sentence per unreadable file."""

    def dashboards(self) -> Mapping[str, Dashboard]:
        """Return every dashboard in the order of file names."""
        stamp = tuple(
            (str(file), state.st_mtime_ns, state.st_size)
            for file in sorted(self.path.rglob("*.json"))
            for state in [file.stat()]
        )
        if stamp != self._stamp:
            self._read([Path(name) for name, _, _ in stamp])
            self._stamp = stamp
        return self._dashboards

    def home(self) -> Dashboard | None:
        """Return the dashboard of the home page: `fleet`, or else the first one."""
        found = self.dashboards()
        return found.get("fleet") or next(iter(found.values()), None)

    def _read(self, files: list[Path]) -> None:
        found: dict[str, Dashboard] = {}
        self.problems = []
        for file in files:
            try:
                dashboard = Dashboard.read(file)
            except DashboardError as error:
                self.problems.append(str(error))
                continue
            if dashboard.uid in found:
                self.problems.append(f"{file.name}: another file has the uid {dashboard.uid}, too")
            found.setdefault(dashboard.uid, dashboard)
        self._dashboards = found
