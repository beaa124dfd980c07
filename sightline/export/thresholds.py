"""Thresholds of alerts in an adoption file: of all services, of one service, or of one route."""

import re
from functools import cache
from typing import Final

from sightline.mixin import catalogue
from sightline.mixin.config import PRODUCTION
from sightline.mixin.model import Alert, Override
from sightline.mixin.slo.document import Fields

BUDGET_ALERTS: Final = frozenset({"ErrorBudgetBurn", "ErrorBudgetExhausted", "SloDataMissing"})
"""Alerts of objectives, unless a file of Sloth names them otherwise."""

_NEVER: Final = "never"
"""Value of a threshold that no series reaches."""

_PATTERN: Final = re.compile(r"[*|^$\[\]()+\\]|\.\*")

Overrides = dict[str, tuple[Override, ...]]


def read_thresholds(document: Fields) -> tuple[dict[str, float], Overrides]:
    """Return thresholds by alert: of all services, and of some.

    Raises:
        SloError: Names line, key and expectation.
    """
    values: dict[str, float] = {}
    overrides: Overrides = {}
    if "thresholds" not in document:
        document.ignore("thresholds")
        return values, overrides
    for each in document.sections("thresholds"):
        alert = _alert(each)
        labels = {"job": _service(each), "http_route": each.text("route", "")}
        given = {label: text for label, text in labels.items() if text}
        value = _value(each)
        each.finish()
        others = overrides.get(alert.name, ())
        if any(given == other.labels for other in others) or (not given and alert.name in values):
            raise each.problem("alert", f"alert: a threshold of {alert.name} is given twice")
        if given:
            overrides[alert.name] = (*others, _override(each, alert, given, value))
        elif value is None:
            raise each.problem(
                "value", f"value: {_NEVER} expected a service, or the alert in disabled"
            )
        else:
            values[alert.name] = value
    return values, overrides


@cache
def known_alerts() -> frozenset[str]:
    """Return the names of all alerts."""
    return frozenset({*_shared_alerts(), *BUDGET_ALERTS})


@cache
def _shared_alerts() -> dict[str, Alert]:
    files = catalogue.shared_files(PRODUCTION)
    return {alert.name: alert for file in files for alert in file.alerts}


def _alert(fields: Fields) -> Alert:
    name = fields.text("alert")
    if name in BUDGET_ALERTS:
        raise fields.problem("alert", f"alert: {name} follows the objective, which sets its limit")
    if name not in _shared_alerts():
        raise fields.problem("alert", f"alert: {name!r} is no alert of these rules")
    alert = _shared_alerts()[name]
    if alert.threshold is None:
        raise fields.problem("alert", f"alert: {name} has no threshold")
    return alert


def _service(fields: Fields) -> str:
    service = fields.text("service", "")
    if _PATTERN.search(service):
        raise fields.problem(
            "service", f"service: {service!r} is a pattern: expected the name of one service"
        )
    return service


def _value(fields: Fields) -> float | None:
    if "value" in fields and fields.text("value") == _NEVER:
        return None
    return float(fields.ratio("value"))


def _override(
    fields: Fields, alert: Alert, labels: dict[str, str], value: float | None
) -> Override:
    override = Override(labels=labels, value=value)
    try:
        alert.expr_with([override])
    except ValueError as error:
        raise fields.problem("alert", str(error)) from error
    return override
