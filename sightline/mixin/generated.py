"""Generated files of the repository by their paths from the root."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sightline.mixin import dashboards, reference, rule_files
from sightline.mixin.links import LOCAL, Links

FOLDERS: Final = (
    *("prometheus/rules", "prometheus/tests/rules"),
    *("grafana/dashboards", "docs/reference"),
)
"""Folders that contain only generated files."""


def files(links: Links = LOCAL) -> dict[str, str]:
    """Return the text of each generated file. Alerts contain *links*."""
    return {**rule_files.files(links), **dashboards.files(), **reference.files()}


def stale(root: Path) -> Iterator[Path]:
    """Yield files in the generated folders of *root* that are no longer generated."""
    wanted = {root / name for name in files()}
    present = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    return (path for path in present if path not in wanted)


def write(path: Path, text: str) -> bool:
    """Write *text* to *path* and return true, unless the file has that content."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True
