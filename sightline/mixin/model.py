"""Alerts, recording rules and groups as values. Required fields have no default.

Durations are those of production; a profile divides them when the files are written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sightline.mixin import config
from sightline.mixin.config import Severity
from sightline.mixin.identity import expand
from sightline.mixin.links import LOCAL, Links
from sightline.mixin.text import with_defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recording rule."""

    name: str
    """``level:metric:operation``, without a window, because profiles differ in it."""
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Boundary of a bad signal, for the alert and for the panel that shows the signal."""

    operator: Literal[">", ">=", "<", "<=", "=="]
    value: float

    def __str__(self) -> str:
        """Return the comparison as PromQL: ``> 0.05``."""
        return f"{self.operator} {self.value:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Another boundary for the series with certain labels."""

    labels: Mapping[str, str]
    """Values of labels, such as ``job`` and ``http_route``."""
    value: float | None
    """Boundary in place of the default. None if these series never alert."""

    def __post_init__(self) -> None:
        """Check the labels.

        Raises:
            ValueError: No label or an empty value is given.
        """
        if not self.labels or not all(self.labels.values()):
            raise ValueError(
                f"{dict(self.labels)}: expected at least one label, none of them empty"
            )

    @property
    def series(self) -> str:
        """PromQL of one sample that has exactly these labels."""
        promql = "vector(1)"
        for name, value in sorted(self.labels.items()):
            replacement = _quoted(value.replace("$", "$$"))
            promql = f'label_replace({promql}, "{name}", {replacement}, "", "")'
        return f"on ({', '.join(sorted(self.labels))}) {promql}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule with its texts and links."""

    name: str
    """Subject, then condition."""
    signal: str
    """PromQL of the observed value, as in a panel."""
    threshold: Threshold | None
    """Boundary of *signal*. None if its presence is the condition."""
    gate: str = ""
    """PromQL after the comparison that restricts the alert. Begins with ``and`` or ``unless``."""
    default_gate: str = ""
    """Like *gate*, but only for series without an override: a chosen boundary is absolute."""
    hold: str
    """``for``: duration of the condition before the alert fires."""
    keep: str
    """``keep_firing_for``: duration without the condition before the alert resolves."""
    why: str
    """Reason for threshold, hold and keep."""
    severity: Severity
    summary: str
    """One sentence: what is wrong."""
    description: str
    """Effect on users, first action, and current values from template queries."""
    dashboard: str
    """Uid of the dashboard to open."""
    variables: tuple[str, ...] = ("job",)
    """Labels of the alert that the link passes to the dashboard as variables."""
    labels: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    """Annotations in addition to the usual ones, or in their place."""
    runbook: str = ""
    """Name of the runbook, if it is not the name of the alert."""
    parts: tuple[str, ...] = ()
    """Labels of *signal* beside the variables, by which an override can select series."""

    @property
    def expr(self) -> str:
        """Complete PromQL expression."""
        condition = f"{self.signal} {self.threshold}" if self.threshold else self.signal
        return "\n".join(filter(None, (condition, self.default_gate, self.gate)))

    def expr_with(self, overrides: Sequence[Override]) -> str:
        """Return the expression with other boundaries for some series.

        The override with most labels applies; among equals, the first.

        Raises:
            ValueError: There is no boundary, or its signal has no such label.
        """
        if not overrides:
            return self.expr
        threshold = self._check(overrides)
        ranked = sorted(overrides, key=lambda override: -len(override.labels))
        branches = [
            _branch(self.signal, replace(threshold, value=override.value), ranked[:rank], override)
            for rank, override in enumerate(ranked)
            if override.value is not None
        ]
        default = _branch(self.signal, threshold, ranked, gate=self.default_gate)
        condition = "\nor\n".join((default, *branches))
        return f"({condition})\n{self.gate}".strip()

    def _check(self, overrides: Sequence[Override]) -> Threshold:
        """Return the threshold if every override can apply to it."""
        if self.threshold is None:
            raise ValueError(f"{self.name}: has no threshold to override")
        known = {*expand(self.variables), *self.parts}
        for override in overrides:
            if unknown := sorted(override.labels.keys() - known):
                raise ValueError(
                    f"{self.name}: expected labels among {', '.join(sorted(known))}, "
                    f"got {', '.join(unknown)}"
                )
        return self.threshold

    def annotations(self, links: Links = LOCAL) -> dict[str, str]:
        """Return the texts and *links* of a notification."""
        return {
            "summary": with_defaults(self.summary),
            "description": with_defaults(self.description),
            "dashboard_url": links.dashboard(self.dashboard, self.variables),
            "runbook_url": links.runbook(self.runbook or self.name),
            **self.texts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together, in order."""

    name: str
    rules: tuple[Record | Alert, ...]
    interval: str = config.EVALUATION_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """One rule file of a profile."""

    name: str
    """File name without folder and suffix."""
    subject: str
    """Subject of its rules, in one sentence."""
    groups: tuple[Group, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Alerts in the file."""
        return tuple(
            rule for group in self.groups for rule in group.rules if isinstance(rule, Alert)
        )


def _branch(
    signal: str,
    threshold: Threshold,
    others: Sequence[Override],
    only: Override | None = None,
    *,
    gate: str = "",
) -> str:
    """Return the condition of the series of *only*, or of all, without those of *others*."""
    chosen = [f"and {only.series}"] if only else []
    left_out = [f"unless {other.series}" for other in others]
    lines = [*chosen, *left_out, *gate.splitlines()]
    return "\n".join((f"({signal} {threshold}", *(f"  {line}" for line in lines))) + ")"


def _quoted(value: str) -> str:
    """Return *value* as a string of PromQL."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
