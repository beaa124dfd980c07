"""A Prometheus rule file in a lint run."""

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
    """A rule file, and the names recorded by all files of the run."""

    path: Path
    json: Json
    recorded: frozenset[str]

    def groups(self) -> list[Json]:
        """Return the groups."""
        return list(self.json.get("groups") or [])

    def rules(self) -> Iterator[Json]:
        """Yield the rules of all groups."""
        return (rule for group in self.groups() for rule in group.get("rules") or [])

    def alerts(self) -> Iterator[Json]:
        """Yield the alerting rules."""
        return (rule for rule in self.rules() if "alert" in rule)

    def queries(self) -> Iterator[tuple[Json, Expr]]:
        """Yield every rule with a valid expression, and its syntax tree."""
        for rule in self.rules():
            try:
                yield rule, promql.tree(str(rule.get("expr", "")))
            except ValueError:
                continue


def read(path: Path) -> Json | None:
    """Read a rule file or a PrometheusRule of Kubernetes; None for any other YAML.

    Raises:
        ValueError: The file looks like a rule file but is not YAML.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if "groups:" not in text:
        return None
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    found = (_find_groups(document) for document in documents if isinstance(document, dict))
    return next((document for document in found if document), None)


def _find_groups(document: Json) -> Json | None:
    spec = document.get("spec") if document.get("kind") == "PrometheusRule" else document
    groups = spec.get("groups") if isinstance(spec, dict) else None
    if not isinstance(groups, list):
        return None
    rules = [rule for group in groups for rule in _rules(group)]
    return {"groups": groups} if any("expr" in rule for rule in rules) else None


def _rules(group: Any) -> list[Json]:  # noqa: ANN401  YAML of any type
    rules = group.get("rules") if isinstance(group, dict) else None
    return [rule for rule in rules or [] if isinstance(rule, dict)]


def records(document: Json) -> set[str]:
    """Return the names that *document* records."""
    return {
        str(rule["record"])
        for group in document["groups"]
        for rule in _rules(group)
        if "record" in rule
    }


def place(rule: Json) -> str:
    """Name a rule in a report."""
    return f"alert {rule['alert']}" if "alert" in rule else f"record {rule.get('record', '?')}"
