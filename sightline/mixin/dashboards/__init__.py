"""The dashboards, one question each."""

from typing import Final

from sightline.mixin.dashboards.fleet import FLEET
from sightline.mixin.dashboards.service import SERVICE
from sightline.mixin.grafana.board import Dashboard

ALL: Final[tuple[Dashboard, ...]] = (FLEET, SERVICE)
"""In the order in which one drills down."""


def files() -> dict[str, str]:
    """Text of every dashboard by its path from the root of the repository."""
    return {f"grafana/dashboards/{dashboard.uid}.json": dashboard.text() for dashboard in ALL}
