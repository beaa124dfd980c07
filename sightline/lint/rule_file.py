"""Groups of Prometheus rules in a lint run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from promql_parser import Expr

from sightline.grafana.values import items, obj, text
from sightline.lint import promql


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOrRecord:
    """A rule; what the file leaves out is empty."""

    alert: str
    record: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @classmethod
    def from_yaml(cls, raw: Mapping[str, Any]) -> Self:
        """Read a rule; values of the wrong type are read as text or as empty."""
        return cls(
            alert=text(raw.get("alert")),
            record=text(raw.get("record")),
            expr=text(raw.get("expr")),
            labels=_texts(raw.get("labels")),
            annotations=_texts(raw.get("annotations")),
        )

    @property
    def place(self) -> str:
        """Name in a report."""
        return f"alert {self.alert}" if self.alert else f"record {self.record or '?'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together."""

    name: str
    interval: str
    """Empty for the default of Prometheus."""
    rules: tuple[AlertOrRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """The groups of a file, and the names recorded by all files of the run."""

    groups: tuple[Group, ...]
    recorded: frozenset[str] = frozenset()

    @classmethod
    def from_yaml(cls, raw: Mapping[str, Any]) -> Self:
        """Read the groups of a rule file."""
        return cls(groups=tuple(map(_group, items(raw.get("groups")))))

    def rules(self) -> Iterator[AlertOrRecord]:
        """Yield the rules of all groups."""
        return (rule for group in self.groups for rule in group.rules)

    def alerts(self) -> Iterator[AlertOrRecord]:
        """Yield the alerting rules."""
        return (rule for rule in self.rules() if rule.alert)

    def queries(self) -> Iterator[tuple[AlertOrRecord, Expr]]:
        """Yield every rule with a valid PromQL expression, and its syntax tree."""
        for rule in self.rules():
            try:
                yield rule, promql.tree(rule.expr)
            except ValueError:
                continue

    def records(self) -> set[str]:
        """Return the names that the rules record."""
        return {rule.record for rule in self.rules() if rule.record}


def _group(raw: Mapping[str, Any]) -> Group:
    return Group(
        name=text(raw.get("name")),
        interval=text(raw.get("interval")),
        rules=tuple(map(AlertOrRecord.from_yaml, items(raw.get("rules")))),
    )


def _texts(raw: object) -> dict[str, str]:
    return {text(name): text(value) for name, value in obj(raw).items()}
