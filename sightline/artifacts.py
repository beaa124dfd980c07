"""Paths of the artifacts: `prometheus/`, `grafana/`, `jaeger/`, `.env`, runbooks.

In a checkout they are beside the packages, in a wheel under `sightline/artifacts/`.
"""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent
_INSTALLED: Final = _PACKAGE / "artifacts"

ROOT: Final = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent
"""Directory of the artifacts."""

ENV_FILE: Final = ROOT / ".env"
COMPOSE_FILE: Final = ROOT / "docker-compose.yml"
PROMETHEUS: Final = ROOT / "prometheus"
GRAFANA: Final = ROOT / "grafana"
DASHBOARDS: Final = GRAFANA / "dashboards"
GRAFANA_SETTINGS: Final = GRAFANA / "grafana.env"
"""Environment of Grafana that compose and the local stack have in common."""
JAEGER: Final = ROOT / "jaeger"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"
