"""Every rule file, and every alert by its name."""

from functools import cache

from sightline.mixin.alerts.budgets import budgets
from sightline.mixin.alerts.dependencies import DEPENDENCIES as DEPENDENCY_ALERTS
from sightline.mixin.alerts.jaeger import JAEGER
from sightline.mixin.alerts.notifications import NOTIFICATIONS
from sightline.mixin.alerts.processes import PROCESSES as PROCESS_ALERTS
from sightline.mixin.alerts.prometheus import PROMETHEUS
from sightline.mixin.alerts.services import SERVICES as SERVICE_ALERTS
from sightline.mixin.alerts.telemetry import TELEMETRY as TELEMETRY_ALERTS
from sightline.mixin.config import PRODUCTION, Profile
from sightline.mixin.model import Alert, Group, Record, RuleFile
from sightline.mixin.rules.dependencies import DEPENDENCIES
from sightline.mixin.rules.processes import PROCESSES
from sightline.mixin.rules.services import ROUTES, SERVICES
from sightline.mixin.rules.telemetry import TELEMETRY
from sightline.mixin.slo import reading, records


@cache
def rule_files(profile: Profile) -> tuple[RuleFile, ...]:
    """Every file of *profile*."""
    objectives = reading.read(reading.OURS)
    return (
        RuleFile(
            name="recording",
            subject="What dashboards and alerts ask again and again.",
            groups=(SERVICES, ROUTES, DEPENDENCIES, PROCESSES, TELEMETRY),
        ),
        _alerts("services", "A service does not answer, answers wrongly, or late.", SERVICE_ALERTS),
        _alerts("processes", "A process runs out of something.", PROCESS_ALERTS),
        _alerts("dependencies", "What a service calls fails or is slow.", DEPENDENCY_ALERTS),
        _alerts("telemetry", "Telemetry loses something on its way.", TELEMETRY_ALERTS),
        _alerts("jaeger", "Jaeger does not take spans, or does not keep them.", JAEGER),
        _alerts("prometheus", "Prometheus is blind or mute.", PROMETHEUS),
        _alerts("notifications", "Alerts do not reach a person.", NOTIFICATIONS),
        RuleFile(
            name="slo",
            subject="Objectives of prometheus/slos.yaml, and alerts on their error budgets.",
            groups=(*records.groups(objectives, profile), budgets(profile)),
        ),
    )


def rules(profile: Profile = PRODUCTION) -> tuple[Record | Alert, ...]:
    """Every rule of *profile*."""
    groups = (group for file in rule_files(profile) for group in file.groups)
    return tuple(rule for group in groups for rule in group.rules)


def alerts(profile: Profile = PRODUCTION) -> tuple[Alert, ...]:
    """Every alert of *profile*; `ErrorBudgetBurn` stands there once a window."""
    return tuple(alert for file in rule_files(profile) for alert in file.alerts)


def alert(name: str) -> Alert:
    """The alert *name*, the first of several.

    Raises:
        LookupError: Names the alert that does not exist.
    """
    for candidate in alerts():
        if candidate.name == name:
            return candidate
    raise LookupError(f"{name!r}: expected the name of an alert")


def _alerts(name: str, subject: str, group: Group) -> RuleFile:
    return RuleFile(name=name, subject=subject, groups=(group,))
