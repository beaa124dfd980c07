"""The dashboards, one question each."""

from typing import Final

from sightline.mixin.dashboards import (
    dependencies,
    fleet,
    latency_explorer,
    python_runtime,
    route,
    service,
    slo,
    stack,
    telemetry,
)
from sightline.mixin.grafana.board import Dashboard

ALL: Final[tuple[Dashboard, ...]] = tuple(
    module.DASHBOARD
    for module in (
        *(fleet, service, route, latency_explorer),
        *(dependencies, slo, python_runtime, telemetry, stack),
    )
)
"""First those one drills down through, then those that explain."""


def files() -> dict[str, str]:
    """Text of every dashboard by its path from the root of the repository."""
    return {f"grafana/dashboards/{dashboard.uid}.json": dashboard.text() for dashboard in ALL}
