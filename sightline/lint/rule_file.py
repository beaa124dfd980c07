"""A Prometheus rule file as the rules see it. The YAML is foreign: only this module looks in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from promql_parser import Expr

from sightline.lint import promql

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """A rule file and the names that the whole run records."""

    path: Path
    json: Json
    recorded: frozenset[str]

    def groups(self) -> list[Json]:
        """Its groups."""
        return list(self.json.get("groups") or [])

    def rules(self) -> Iterator[Json]:
        """Every rule of every group."""
        return (rule for group in self.groups() for rule in group.get("rules") or [])

    def alerts(self) -> Iterator[Json]:
        """Those that alert."""
        return (rule for rule in self.rules() if "alert" in rule)

    def queries(self) -> Iterator[tuple[Json, Expr]]:
        """Every rule whose expression can be parsed, with it."""
        for rule in self.rules():
            try:
                yield rule, promql.tree(str(rule.get("expr", "")))
            except ValueError:
                continue


def read(path: Path) -> Json | None:
    """The rule file in *path*; None for any other YAML.

    Raises:
        ValueError: The file is no YAML.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    found = isinstance(document, dict) and isinstance(document.get("groups"), list)
    rules = [rule for group in document["groups"] for rule in _rules(group)] if found else []
    return document if any("expr" in rule for rule in rules) else None


def _rules(group: Any) -> list[Json]:  # noqa: ANN401  anybody's YAML
    rules = group.get("rules") if isinstance(group, dict) else None
    return [rule for rule in rules or [] if isinstance(rule, dict)]


def records(document: Json) -> set[str]:
    """Names that *document* records."""
    return {
        str(rule["record"])
        for group in document["groups"]
        for rule in _rules(group)
        if "record" in rule
    }


def place(rule: Json) -> str:
    """How a rule is named in a report."""
    return f"alert {rule['alert']}" if "alert" in rule else f"record {rule.get('record', '?')}"
