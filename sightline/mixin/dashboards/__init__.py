"""The dashboards, one question each."""

from pathlib import Path
from typing import Final

from sightline.mixin.dashboards.fleet import FLEET
from sightline.mixin.dashboards.service import SERVICE
from sightline.mixin.grafana.board import Dashboard

ALL: Final[tuple[Dashboard, ...]] = (FLEET, SERVICE)
"""In the order in which one drills down."""


def render() -> dict[Path, str]:
    """Every generated file by its path below the repository."""
    return {
        Path("grafana") / "dashboards" / f"{dashboard.uid}.json": dashboard.text()
        for dashboard in ALL
    }
