"""Alerts on programs that run as replicas: a page if all of them fail, a ticket if some do.

Replicas have the same identity and different values of ``instance``. A single program is all of
its replicas, so it pages.
"""

from dataclasses import replace
from typing import Final

from sightline.mixin.identity import by, on
from sightline.mixin.model import Alert

_BEST: Final = {">": "min", ">=": "min", "<": "max", "<=": "max", "==": "max"}
"""Aggregation of the best replica, by the operator of the bad ones. ``==`` compares with 0."""

_GOOD: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": ">"}


def page_and_ticket(
    replica: Alert, *labels: str, summary: str, description: str
) -> tuple[Alert, Alert]:
    """Return *replica* as a page for all replicas and as a ticket for some of them.

    Args:
        replica: Alert on one replica.
        labels: Labels that distinguish signals of one replica, as receivers of notifications.
        summary: Summary of the page.
        description: Description of the page.
    """
    threshold = replica.threshold
    if threshold is None:
        raise ValueError(f"{replica.name}: expected a threshold, to find the best replica")
    best = f"{_BEST[threshold.operator]} {by(*labels)} (\n{replica.signal}\n)"
    page = replace(
        replica, signal=best, severity="critical", summary=summary, description=description
    )
    good = f"and {on(*labels)} {best} {_GOOD[threshold.operator]} {threshold.value:g}"
    return page, replace(replica, severity="warning", gate=good)
