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
    """The rule file in *path*, or in a Kubernetes PrometheusRule; None for any other YAML.

    Raises:
        ValueError: It looks like a rule file, but is no YAML.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if "groups:" not in text:
        return None
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    found = (_grouped(document) for document in documents if isinstance(document, dict))
    return next((document for document in found if document), None)


def _grouped(document: Json) -> Json | None:
    spec = document.get("spec") if document.get("kind") == "PrometheusRule" else document
    groups = spec.get("groups") if isinstance(spec, dict) else None
    if not isinstance(groups, list):
        return None
    rules = [rule for group in groups for rule in _rules(group)]
    return {"groups": groups} if any("expr" in rule for rule in rules) else None


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
