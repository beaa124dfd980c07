"""Dashboards of `sightline.mixin.dashboard_list`, one module each."""

from importlib import import_module
from typing import Final

from sightline.mixin.dashboard_list import ENTRIES
from sightline.mixin.grafana.dashboard import Dashboard

ALL: Final[tuple[Dashboard, ...]] = tuple(
    import_module(f"{__name__}.{entry.module}").DASHBOARD for entry in ENTRIES
)
"""Every dashboard, in the order of the list."""


def files() -> dict[str, str]:
    """Return the text of every dashboard file by its path from the root of the repository."""
    return {entry.file: dashboard.text() for entry, dashboard in zip(ENTRIES, ALL, strict=True)}
