"""Rules, dashboards and runbooks of Sightline as files for an existing Prometheus and Grafana."""

from sightline.export.command import main

__all__ = ["main"]
