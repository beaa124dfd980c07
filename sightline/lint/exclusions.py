"""Rules excluded by a ``.lint`` file, each with a reason. Format: grafana/dashboard-linter."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sightline.errors import ConfigurationError
from sightline.lint.finding import Finding

NAME: Final = ".lint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """Rules excluded in a folder, or for some of its dashboards and panels."""

    path: Path
    rules: dict[str, Any]

    def excluded(self, finding: Finding, title: str) -> bool:
        """Tell whether *finding* is excluded in the dashboard or file *title*."""
        if finding.rule not in self.rules:
            return False
        entries = (self.rules[finding.rule] or {}).get("entries") or [{}]
        return any(self._matches(entry, finding, title) for entry in entries)

    def _matches(self, entry: dict[str, Any], finding: Finding, title: str) -> bool:
        panel = entry.get("panel")
        here = entry.get("dashboard") in {None, title}
        return here and (panel is None or f'"{panel}"' in finding.place)


def nearest(path: Path) -> Exclusions | None:
    """Read the nearest ``.lint`` file above *path*, within its repository.

    Raises:
        ConfigurationError: The file is invalid, or a rule in it has no reason.
    """
    for folder in path.resolve().parents:
        if (folder / NAME).is_file():
            return _read(folder / NAME)
        if (folder / ".git").exists():
            break
    return None


def _read(path: Path) -> Exclusions:
    try:
        rules = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("exclusions", {})
    except (yaml.YAMLError, AttributeError) as error:
        raise ConfigurationError(f"{path}: expected exclusions by rule: {error}") from error
    for rule, entry in rules.items():
        if not (entry or {}).get("reason"):
            raise ConfigurationError(f"{path}: {rule} has no reason: expected `reason: <text>`")
    return Exclusions(path=path, rules=rules)
