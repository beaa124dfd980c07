"""Alerts, recording rules and groups as values. What is required has no default.

Durations are in production time; a profile divides them when the files are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sightline.mixin import config
from sightline.mixin.config import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recording rule."""

    name: str
    """``level:metric:operation``; never a window, for profiles differ in it."""
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Where bad begins; the panel that shows the signal draws the same object."""

    operator: Literal[">", ">=", "<", "<=", "=="]
    value: float

    def __str__(self) -> str:
        """As in PromQL: ``> 0.05``."""
        return f"{self.operator} {self.value:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule with everything its reader needs."""

    name: str
    """Subject, then condition."""
    signal: str
    """PromQL of what is watched, as a panel would draw it."""
    threshold: Threshold | None
    """Where *signal* becomes bad; None where its presence alone is."""
    gate: str = ""
    """PromQL after the comparison, beginning with ``and`` or ``unless``: when not to alert."""
    hold: str
    """``for``: how long the condition must last."""
    keep: str
    """``keep_firing_for``: how long it must be gone before the alert resolves."""
    why: str
    """Why this threshold, hold and keep."""
    severity: Severity
    summary: str
    """One line, subject and verb."""
    description: str
    """What is worst at this moment, by template queries."""
    dashboard: str
    """Its uid."""
    variables: tuple[str, ...] = ("job",)
    """Labels that choose what the dashboard shows."""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def expr(self) -> str:
        """The whole condition."""
        watched = f"{self.signal} {self.threshold}" if self.threshold else self.signal
        return f"{watched}\n{self.gate}".strip()

    @property
    def annotations(self) -> dict[str, str]:
        """What stands in a notification."""
        address = f"{config.DASHBOARDS_URL}/d/{self.dashboard}"
        chosen = "&".join(f"var-{name}={{{{ $labels.{name} }}}}" for name in self.variables)
        return {
            "summary": self.summary,
            "description": self.description,
            "dashboard_url": "?".join(filter(None, (address, chosen))),
            "runbook_url": config.RUNBOOKS_URL.format(alert=self.name),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together, in this order."""

    name: str
    rules: tuple[Record | Alert, ...]
    interval: str = config.EVALUATION_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """One file of a profile."""

    name: str
    """Without folder and suffix."""
    subject: str
    """What its rules are about, in one sentence."""
    groups: tuple[Group, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert in it."""
        return tuple(
            rule for group in self.groups for rule in group.rules if isinstance(rule, Alert)
        )
