"""Rule files, rules and alerts of a profile."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from sightline.mixin.alerts.authentication import AUTHENTICATION
from sightline.mixin.alerts.configuration import CONFIGURATION
from sightline.mixin.alerts.dependencies import DEPENDENCIES as DEPENDENCY_ALERTS
from sightline.mixin.alerts.jaeger import JAEGER
from sightline.mixin.alerts.notifications import NOTIFICATIONS
from sightline.mixin.alerts.operations import OPERATIONS as OPERATION_ALERTS
from sightline.mixin.alerts.processes import PROCESSES as PROCESS_ALERTS
from sightline.mixin.alerts.prometheus import PROMETHEUS
from sightline.mixin.alerts.registry import REGISTRY as REGISTRY_ALERTS
from sightline.mixin.alerts.services import SERVICES as SERVICE_ALERTS
from sightline.mixin.alerts.telemetry import TELEMETRY as TELEMETRY_ALERTS
from sightline.mixin.config import PRODUCTION, Profile
from sightline.mixin.model import Alert, Group, Record, RuleFile
from sightline.mixin.rules import services, significance
from sightline.mixin.rules.dependencies import DEPENDENCIES
from sightline.mixin.rules.operations import OPERATIONS
from sightline.mixin.rules.processes import PROCESSES
from sightline.mixin.rules.telemetry import TELEMETRY
from sightline.mixin.slo import reading, records

OBJECTIVES: Final = "slo"
"""Name of the rule file of objectives."""

RECORDING: Final = "recording"
"""Name of the rule file that all others read."""


@cache
def rule_files(profile: Profile) -> tuple[RuleFile, ...]:
    """Return the rule files of *profile*, with the objectives of the demo."""
    objectives = RuleFile(
        name=OBJECTIVES,
        subject="Objectives of prometheus/slos.yaml, and alerts on their error budgets.",
        groups=records.groups(reading.read(reading.OURS), profile),
    )
    return (*shared_files(profile), objectives)


@cache
def shared_files(profile: Profile) -> tuple[RuleFile, ...]:
    """Return the rule files of *profile* that do not depend on objectives."""
    return (
        RuleFile(
            name=RECORDING,
            subject="Queries that several dashboards and alerts share.",
            groups=(
                *(*services.groups(profile), significance.group(profile)),
                *(DEPENDENCIES, OPERATIONS, PROCESSES, TELEMETRY),
            ),
        ),
        RuleFile(
            name="services",
            subject="Services that are down, fail, are slow, or refuse their configuration.",
            groups=(SERVICE_ALERTS, CONFIGURATION),
        ),
        _alerts("processes", "Processes that run out of a resource.", PROCESS_ALERTS),
        RuleFile(
            name="dependencies",
            subject="Dependencies, gRPC calls and messages that fail or are slow.",
            groups=(DEPENDENCY_ALERTS, OPERATION_ALERTS, REGISTRY_ALERTS),
        ),
        _alerts("authentication", "Tokens that are refused or cannot be verified.", AUTHENTICATION),
        _alerts("telemetry", "Telemetry that is lost or incomplete.", TELEMETRY_ALERTS),
        _alerts("jaeger", "Jaeger does not accept or store spans.", JAEGER),
        _alerts("prometheus", "Prometheus does not scrape, evaluate, store or send.", PROMETHEUS),
        _alerts("notifications", "Notifications that do not reach a person.", NOTIFICATIONS),
    )


def objective_file(paths: Sequence[Path], profile: Profile) -> RuleFile:
    """Return the rules and alerts of the objectives in *paths*.

    Raises:
        SloError: An objective cannot be used, or is defined twice.
    """
    names = ", ".join(path.name for path in paths)
    groups = records.groups(reading.read_all(paths), profile)
    return RuleFile(name=OBJECTIVES, subject=f"Objectives of {names}.", groups=groups)


def rules(profile: Profile = PRODUCTION) -> tuple[Record | Alert, ...]:
    """Return the rules of *profile*."""
    groups = (group for file in rule_files(profile) for group in file.groups)
    return tuple(rule for group in groups for rule in group.rules)


def alerts(profile: Profile = PRODUCTION) -> tuple[Alert, ...]:
    """Return the alerts of *profile*, with `ErrorBudgetBurn` once per window."""
    return tuple(alert for file in rule_files(profile) for alert in file.alerts)


def alert(name: str) -> Alert:
    """Return the alert *name*, or the first one of that name.

    Raises:
        LookupError: No alert has that name.
    """
    for candidate in alerts():
        if candidate.name == name:
            return candidate
    raise LookupError(f"{name!r}: expected the name of an alert")


def _alerts(name: str, subject: str, group: Group) -> RuleFile:
    return RuleFile(name=name, subject=subject, groups=(group,))
