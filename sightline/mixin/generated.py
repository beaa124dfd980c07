"""Every generated file of the repository, by its path from the root."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from sightline.mixin import dashboards, reference, rule_files

Generator = Callable[[], Mapping[str, str]]
"""Gives the text of files by their path from the root of the repository."""

GENERATORS: Final[tuple[Generator, ...]] = (rule_files.files, dashboards.files, reference.files)

FOLDERS: Final = ("prometheus/rules", "grafana/dashboards", "docs/reference")
"""Folders that hold generated files and nothing else."""


def files() -> dict[str, str]:
    """The text of each generated file."""
    return {name: text for generator in GENERATORS for name, text in generator().items()}


def stale(root: Path) -> Iterator[Path]:
    """Files below *root* that nothing generates any more."""
    wanted = {root / name for name in files()}
    present = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    return (path for path in present if path not in wanted)
