"""Rules excluded by a ``.lint`` file, each with a reason. Format: grafana/dashboard-linter."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sightline.errors import ConfigurationError
from sightline.grafana.values import items, obj
from sightline.lint import documents
from sightline.lint.finding import Finding

NAME: Final = ".lint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """Rules excluded in a folder, or for some of its dashboards and panels."""

    path: Path
    rules: Mapping[str, Mapping[str, Any]]

    def excluded(self, finding: Finding, title: str) -> bool:
        """Return true if *finding* is excluded in the dashboard or file *title*."""
        if finding.rule not in self.rules:
            return False
        entries = items(self.rules[finding.rule].get("entries")) or [{}]
        return any(self._matches(entry, finding, title) for entry in entries)

    def _matches(self, entry: Mapping[str, Any], finding: Finding, title: str) -> bool:
        panel = entry.get("panel")
        here = entry.get("dashboard") in (None, title)
        return here and (panel is None or f'"{panel}"' in finding.place)


def nearest(path: Path) -> Exclusions | None:
    """Read the nearest ``.lint`` file above *path*, within its repository.

    Raises:
        ConfigurationError: The file is invalid, or a rule in it has no reason.
    """
    for folder in Path(os.path.realpath(path)).parents:
        if (folder / NAME).is_file():
            return _read(folder / NAME)
        if (folder / ".git").exists():
            break
    return None


def _read(path: Path) -> Exclusions:
    try:
        found = documents.read(path)
    except documents.UnreadableError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    rules = obj(obj(next(iter(found), None)).get("exclusions"))
    for rule, entry in rules.items():
        if not obj(entry).get("reason"):
            raise ConfigurationError(f"{path}: {rule} has no reason: expected `reason: <text>`")
    return Exclusions(path=path, rules=rules)
